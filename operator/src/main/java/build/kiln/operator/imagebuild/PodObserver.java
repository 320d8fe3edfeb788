package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.imagebuild.WorkerPod.Deletion;
import build.kiln.operator.status.BuildIdentity;
import build.kiln.operator.worker.WorkerLabels;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.operator.worker.WorkerPodName;
import build.kiln.operator.worker.WorkerPodReader;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The worker pods of one build during one reconciliation: what the cache has, what this reconciliation itself created or
 * deleted and the cache may not know yet, and, before a pod is taken for lost, what the API server says.
 */
final class PodObserver {
    private static final String WORKER_CONTAINER = "worker";

    private final WorkerPodReader reader;
    private final RecentWarnings warnings;
    private final WorkerPods pods;
    private final Consumer<Pod> cache;
    private final Map<String, Pod> known = new HashMap<>();
    private final Set<String> deleted = new HashSet<>();
    private final Set<String> askedFor = new HashSet<>();

    /**
     * @param reader reads one pod
     * @param warnings about pods that do not start
     * @param pods in the API server
     * @param cache is told of new pods, so that the next reconciliation knows them even before the watch brings them
     */
    PodObserver(WorkerPodReader reader, RecentWarnings warnings, WorkerPods pods, Consumer<Pod> cache) {
        this.reader = reader;
        this.warnings = warnings;
        this.pods = pods;
        this.cache = cache;
    }

    void created(Pod pod) {
        known.put(pod.getMetadata().getName(), pod);
        cache.accept(pod);
    }

    void deleted(String name) {
        deleted.add(name);
    }

    /** Pods that the cache may not have. */
    Collection<Pod> uncached() {
        return known.values();
    }

    List<WorkerPod> observe(ImageBuild build, Collection<Pod> cached, Instant now) {
        Map<String, Pod> found = new LinkedHashMap<>(known);
        cached.forEach(pod -> found.put(pod.getMetadata().getName(), pod));
        addUncached(build, found);
        return found.values().stream()
                .filter(pod -> WorkerPods.isOwned(build, pod))
                .filter(pod -> isNamedAsLabelled(build, pod))
                .map(pod -> view(pod, now))
                .toList();
    }

    private void addUncached(ImageBuild build, Map<String, Pod> found) {
        ImageBuildStatus status = build.getStatus();
        if (status == null || status.run() == null || status.run().phase() != Phase.Building) {
            return;
        }
        for (PlatformStatus platform : RunPlanner.platformsOf(status)) {
            String name = platform.podName();
            if (name != null && !found.containsKey(name) && wasSeen(platform) && askedFor.add(name)) {
                Optional<Pod> pod = pods.get(BuildIdentity.of(build), name);
                pod.ifPresent(live -> {
                    known.put(name, live);
                    found.put(name, live);
                });
            }
        }
    }

    private static boolean wasSeen(PlatformStatus platform) {
        return switch (PlatformProgress.stateOf(platform)) {
            case WaitingForNode, Starting, Building -> true;
            case Pending, Retrying, Succeeded, Failed, Cancelled -> false;
        };
    }

    /** A pod that somebody else labelled like ours is left alone. */
    static boolean isNamedAsLabelled(ImageBuild build, Pod pod) {
        return pod.getMetadata()
                .getName()
                .equals(WorkerPodName.of(
                        build.getMetadata().getName(),
                        WorkerLabels.run(pod),
                        WorkerLabels.platform(pod),
                        WorkerLabels.attempt(pod)));
    }

    private WorkerPod view(Pod pod, Instant now) {
        String name = pod.getMetadata().getName();
        return new WorkerPod(
                name,
                WorkerLabels.run(pod),
                WorkerLabels.platform(pod),
                WorkerLabels.attempt(pod),
                deletion(pod),
                hasEnded(pod),
                observation(pod, now));
    }

    private Deletion deletion(Pod pod) {
        if (pod.getMetadata().getDeletionTimestamp() != null) {
            return Deletion.Acknowledged;
        }
        return deleted.contains(pod.getMetadata().getName()) ? Deletion.Requested : Deletion.None;
    }

    private WorkerObservation observation(Pod pod, Instant now) {
        return WorkerPodReader.dependsOnWarnings(pod, now)
                ? reader.read(pod, warnings.of(pod, now), now)
                : reader.read(pod, now);
    }

    /** Whether the worker will never run again. */
    static boolean hasEnded(Pod pod) {
        PodStatus status = pod.getStatus();
        if (status == null) {
            return false;
        }
        return "Succeeded".equals(status.getPhase())
                || "Failed".equals(status.getPhase())
                || status.getContainerStatuses().stream()
                        .anyMatch(container -> container.getName().equals(WORKER_CONTAINER)
                                && container.getState() != null
                                && container.getState().getTerminated() != null);
    }
}
