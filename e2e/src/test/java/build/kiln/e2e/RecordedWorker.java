package build.kiln.e2e;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.PodResource;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** A worker pod as the operator makes it, with something changed, and without an operator that would look after it. */
final class RecordedWorker {
    private static final Duration LONGEST = Duration.ofMinutes(4);
    private static final String SLEEP = "RUN sleep 300";

    private final Workspace workspace;
    private final PodResource pod;

    private RecordedWorker(Workspace workspace, Pod pod) {
        this.workspace = workspace;
        this.pod = workspace.client().pods().inNamespace(workspace.namespace()).resource(pod);
    }

    static RecordedWorker start(Workspace workspace, Consumer<Pod> change) {
        return start(workspace, SLEEP, change);
    }

    static RecordedWorker start(Workspace workspace, String instruction, Consumer<Pod> change) {
        return start(workspace, instruction, workspace.repository("recorded"), change);
    }

    static RecordedWorker start(Workspace workspace, String instruction, String image, Consumer<Pod> change) {
        Pod pod = pod(workspace, instruction, image);
        change.accept(pod);
        return new RecordedWorker(workspace, workspace.client().resource(pod).create());
    }

    static Pod pod(Workspace workspace) {
        return pod(workspace, SLEEP, workspace.repository("recorded"));
    }

    /** What the operator creates for a build, taken from it. */
    private static Pod pod(Workspace workspace, String instruction, String image) {
        String build = "template";
        workspace.apply(build, """
                source: {inline: {files: {Dockerfile: "FROM debian:bookworm-slim\\n%s\\n"}}}
                platforms: [linux/amd64]
                output: {image: %s}
                """.formatted(instruction, image));
        Pod made = Awaitility.await("the operator's pod")
                .atMost(LONGEST)
                .until(
                        () -> workspace.pods().stream()
                                .filter(one -> one.getMetadata().getName().startsWith(build))
                                .findFirst()
                                .orElse(null),
                        Objects::nonNull);
        workspace.delete(build);
        workspace.client().resource(made).waitUntilCondition(Objects::isNull, LONGEST.toSeconds(), TimeUnit.SECONDS);
        return unowned(made);
    }

    private static Pod unowned(Pod made) {
        return new PodBuilder(made)
                .withNewMetadata()
                .withName("app-1-linux-amd64-1")
                .withNamespace(made.getMetadata().getNamespace())
                .addToLabels("kiln.build/imagebuild", "app")
                .addToLabels("kiln.build/run", "1")
                .addToLabels("kiln.build/platform", "linux-amd64")
                .addToLabels("kiln.build/attempt", "1")
                .endMetadata()
                .editSpec()
                .withNodeName(null)
                .withPriority(null)
                .withPreemptionPolicy(null)
                .endSpec()
                .withStatus(null)
                .build();
    }

    static Container worker(Pod pod) {
        return pod.getSpec().getContainers().getFirst();
    }

    static Container daemon(Pod pod) {
        return pod.getSpec().getInitContainers().getFirst();
    }

    static String nodeName(Workspace workspace) {
        return workspace
                .client()
                .nodes()
                .list()
                .getItems()
                .getFirst()
                .getMetadata()
                .getName();
    }

    Pod await(Predicate<Pod> condition) {
        return pod.waitUntilCondition(
                current -> current != null && condition.test(current), LONGEST.toSeconds(), TimeUnit.SECONDS);
    }

    void awaitWarning(String reason) {
        Awaitility.await("the warning " + reason)
                .atMost(LONGEST)
                .until(() ->
                        workspace
                                .client()
                                .events()
                                .v1()
                                .events()
                                .inNamespace(workspace.namespace())
                                .list()
                                .getItems()
                                .stream()
                                .anyMatch(event -> event.getReason().equals(reason)));
    }

    void record(String name) {
        Recording.write(name, workspace.client(), pod.require());
    }

    /** Records what was said last before the pod was gone. */
    void recordEnd(String name, Runnable end) {
        AtomicReference<@Nullable Pod> last = new AtomicReference<>();
        try (Watch _ = pod.watch(new Watcher<Pod>() {
            @Override
            public void eventReceived(Action action, Pod current) {
                if (hasWorkerEnded(current)) {
                    last.set(current);
                }
            }

            @Override
            public void onClose(WatcherException cause) {
                throw new AssertionError("the watch was closed", cause);
            }
        })) {
            end.run();
            pod.waitUntilCondition(Objects::isNull, LONGEST.toSeconds(), TimeUnit.SECONDS);
        }
        Recording.write(name, workspace.client(), Objects.requireNonNull(last.get(), "nobody saw the worker end"));
    }

    static boolean hasFailed(Pod pod) {
        return "Failed".equals(pod.getStatus().getPhase());
    }

    static boolean isRunning(Pod pod) {
        return states(pod.getStatus().getContainerStatuses()).anyMatch(state -> state.getRunning() != null);
    }

    static boolean hasWorkerEnded(Pod pod) {
        return states(pod.getStatus().getContainerStatuses()).anyMatch(state -> state.getTerminated() != null);
    }

    static boolean hasDaemonEnded(Pod pod) {
        return pod.getStatus().getInitContainerStatuses().stream()
                .flatMap(container -> Stream.of(container.getState(), container.getLastState()))
                .anyMatch(state -> state != null && state.getTerminated() != null);
    }

    static boolean isWaiting(Pod pod, String reason) {
        return states(pod.getStatus().getContainerStatuses())
                .anyMatch(state -> state.getWaiting() != null
                        && reason.equals(state.getWaiting().getReason()));
    }

    static boolean hasCondition(Pod pod, String type, String status) {
        return pod.getStatus().getConditions().stream()
                .anyMatch(condition -> condition.getType().equals(type)
                        && condition.getStatus().equals(status));
    }

    private static Stream<ContainerState> states(List<ContainerStatus> containers) {
        return containers.stream().map(ContainerStatus::getState).filter(Objects::nonNull);
    }
}
