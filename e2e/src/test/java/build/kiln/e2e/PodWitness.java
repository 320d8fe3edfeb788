package build.kiln.e2e;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Every worker pod that ever lived in some namespaces, as the API server told a watch of our own. One watch for all of them, so
 * that it brings changes in the order in which they happened.
 */
final class PodWitness implements AutoCloseable {
    private final Set<String> namespaces;
    private final SharedIndexInformer<Pod> watch;
    private final Map<String, Pod> seen = new LinkedHashMap<>();
    private final Set<String> running = new HashSet<>();
    private int mostRunning;

    PodWitness(KubernetesClient client, Set<String> namespaces) {
        this.namespaces = namespaces;
        this.watch = client.pods()
                .inAnyNamespace()
                .withLabel("app.kubernetes.io/component", "worker")
                .runnableInformer(0)
                .exceptionHandler((_, _) -> true) // An API server that is away comes back.
                .addEventHandler(new ResourceEventHandler<>() {
                    @Override
                    public void onAdd(Pod pod) {
                        look(pod, false);
                    }

                    @Override
                    public void onUpdate(Pod before, Pod pod) {
                        look(pod, false);
                    }

                    @Override
                    public void onDelete(Pod pod, boolean unknown) {
                        look(pod, true);
                    }
                });
        watch.start().toCompletableFuture().join();
    }

    private synchronized void look(Pod pod, boolean gone) {
        if (!namespaces.contains(pod.getMetadata().getNamespace())) {
            return;
        }
        String uid = pod.getMetadata().getUid();
        seen.put(uid, pod);
        if (gone || hasEnded(pod)) {
            running.remove(uid);
        } else {
            running.add(uid);
        }
        mostRunning = Math.max(mostRunning, running.size());
    }

    /** All pods that ever lived, in the state in which they were seen last. */
    synchronized List<Pod> all() {
        return List.copyOf(seen.values());
    }

    List<Pod> of(ChaosBuild build) {
        return all().stream()
                .filter(pod -> pod.getMetadata()
                                .getNamespace()
                                .equals(build.workspace().namespace())
                        && label(pod, "imagebuild").equals(build.name()))
                .toList();
    }

    /** How many pods had a worker that had not ended, at the worst moment. */
    synchronized int mostRunning() {
        return mostRunning;
    }

    /** Pods that are one too many: another one was made for the same run, platform and attempt. */
    List<String> duplicates() {
        Map<List<String>, Pod> first = new HashMap<>();
        List<String> duplicates = new ArrayList<>();
        for (Pod pod : all()) {
            Pod other = first.putIfAbsent(
                    List.of(
                            pod.getMetadata().getNamespace(),
                            label(pod, "imagebuild"),
                            label(pod, "run"),
                            label(pod, "platform"),
                            label(pod, "attempt")),
                    pod);
            if (other != null) {
                duplicates.add(pod.getMetadata().getNamespace() + "/"
                        + pod.getMetadata().getName() + ", created a second time");
            }
        }
        return duplicates;
    }

    static boolean hasEnded(Pod pod) {
        String phase = pod.getStatus().getPhase();
        return "Succeeded".equals(phase) || "Failed".equals(phase) || worker(pod, PodWitness::isTerminated);
    }

    /** Whether the worker container has ended well. */
    static boolean hasSucceeded(Pod pod) {
        return worker(
                pod,
                container -> isTerminated(container)
                        && container.getState().getTerminated().getExitCode() == 0);
    }

    private static boolean isTerminated(ContainerStatus container) {
        return container.getState() != null && container.getState().getTerminated() != null;
    }

    private static boolean worker(Pod pod, Predicate<ContainerStatus> condition) {
        return pod.getStatus().getContainerStatuses().stream()
                .anyMatch(container -> container.getName().equals("worker") && condition.test(container));
    }

    private static String label(Pod pod, String name) {
        return pod.getMetadata().getLabels().getOrDefault("kiln.build/" + name, "");
    }

    @Override
    public void close() {
        watch.stop();
    }
}
