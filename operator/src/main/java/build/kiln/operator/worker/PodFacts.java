package build.kiln.operator.worker;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Volume;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What stands in a worker pod, without the nulls. */
final class PodFacts {
    private final Pod pod;
    private final PodStatus status;
    private final List<PodWarning> warnings;
    private final Instant now;

    PodFacts(Pod pod, List<PodWarning> warnings, Instant now) {
        this.pod = pod;
        this.warnings = warnings;
        this.status = Objects.requireNonNullElseGet(pod.getStatus(), PodStatus::new);
        this.now = now;
    }

    Pod pod() {
        return pod;
    }

    Instant now() {
        return now;
    }

    /** What was published about the pod, as far as it was asked for. */
    List<PodWarning> warnings() {
        return warnings;
    }

    String platform() {
        return WorkerLabels.platform(pod);
    }

    String name() {
        return pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName();
    }

    String namespace() {
        return pod.getMetadata().getNamespace();
    }

    @Nullable
    String nodeName() {
        return pod.getSpec().getNodeName();
    }

    /** For messages. */
    String node() {
        return nodeName() == null ? "no node" : "node " + nodeName();
    }

    Instant created() {
        return time(pod.getMetadata().getCreationTimestamp()).orElse(now);
    }

    /** When the scheduler could first look at the pod; until then nothing in the cluster could start it. */
    Instant released() {
        return SchedulingGates.released(pod, created());
    }

    /** When the kubelet took the pod; the active deadline counts from then. */
    Instant acknowledged() {
        return time(status.getStartTime()).orElseGet(this::created);
    }

    /** When the pod has to be gone; empty unless it was deleted. */
    Optional<Instant> deletionDue() {
        return time(pod.getMetadata().getDeletionTimestamp());
    }

    String phase() {
        return Objects.requireNonNullElse(status.getPhase(), "Pending");
    }

    String reason() {
        return Objects.requireNonNullElse(status.getReason(), "");
    }

    String message() {
        return Objects.requireNonNullElse(status.getMessage(), "");
    }

    Optional<PodCondition> condition(String type) {
        List<PodCondition> conditions = status.getConditions();
        return conditions == null
                ? Optional.empty()
                : conditions.stream().filter(c -> type.equals(c.getType())).findFirst();
    }

    /** The claim of the cache volume; empty without one. */
    Optional<String> claimName() {
        List<Volume> volumes = pod.getSpec().getVolumes();
        return volumes == null
                ? Optional.empty()
                : volumes.stream()
                        .filter(volume -> WorkerVolumes.STATE.equals(volume.getName()))
                        .map(Volume::getPersistentVolumeClaim)
                        .filter(Objects::nonNull)
                        .map(PersistentVolumeClaimVolumeSource::getClaimName)
                        .findFirst();
    }

    /** When the scheduler chose a node; empty as long as it has not. */
    Optional<Instant> scheduled() {
        return condition("PodScheduled")
                .filter(c -> "True".equals(c.getStatus()))
                .flatMap(c -> time(c.getLastTransitionTime()));
    }

    Optional<ContainerStateTerminated> workerEnd() {
        return worker().map(ContainerStatus::getState).map(ContainerState::getTerminated);
    }

    Optional<Instant> workerStart() {
        return worker().map(ContainerStatus::getState)
                .map(ContainerState::getRunning)
                .flatMap(running -> time(running.getStartedAt()));
    }

    /** How the daemon's container ended last, also when the kubelet has started it again since. */
    Optional<ContainerStateTerminated> daemonEnd() {
        return find(status.getInitContainerStatuses(), WorkerContainers.BUILDKITD)
                .flatMap(container -> Stream.of(container.getState(), container.getLastState())
                        .filter(Objects::nonNull)
                        .map(ContainerState::getTerminated)
                        .filter(Objects::nonNull)
                        .findFirst());
    }

    /** Why a container does not run yet, in the order in which they start: what copies twins, the daemon, the worker. */
    Optional<ContainerStateWaiting> waiting() {
        return containers()
                .map(ContainerStatus::getState)
                .filter(Objects::nonNull)
                .map(ContainerState::getWaiting)
                .filter(waiting -> waiting != null && waiting.getReason() != null)
                .findFirst();
    }

    /** Whether a node was chosen and no container could exist yet: the kubelet prepares volumes, network and sandbox. */
    boolean isWithoutSandbox() {
        return scheduled().isPresent()
                && condition("PodReadyToStartContainers")
                        .filter(condition -> "True".equals(condition.getStatus()))
                        .isEmpty()
                && containers().allMatch(PodFacts::hasNeverRun)
                && waiting()
                        .map(ContainerStateWaiting::getReason)
                        .filter(reason -> !WorkerObservation.Waiting.isOrdinary(reason))
                        .isEmpty();
    }

    private static boolean hasNeverRun(ContainerStatus container) {
        ContainerState state = container.getState();
        ContainerState last = container.getLastState();
        return (state == null || (state.getRunning() == null && state.getTerminated() == null))
                && (last == null || last.getTerminated() == null);
    }

    private Stream<ContainerStatus> containers() {
        List<ContainerStatus> before = Objects.requireNonNullElse(status.getInitContainerStatuses(), List.of());
        return Stream.concat(before.stream(), worker().stream());
    }

    private Optional<ContainerStatus> worker() {
        return find(status.getContainerStatuses(), WorkerContainers.WORKER);
    }

    private static Optional<ContainerStatus> find(@Nullable List<ContainerStatus> statuses, String name) {
        return statuses == null
                ? Optional.empty()
                : statuses.stream().filter(s -> name.equals(s.getName())).findFirst();
    }

    static Optional<Instant> time(@Nullable String timestamp) {
        if (timestamp == null || timestamp.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Instant.parse(timestamp));
        } catch (DateTimeParseException _) {
            return Optional.empty();
        }
    }
}
