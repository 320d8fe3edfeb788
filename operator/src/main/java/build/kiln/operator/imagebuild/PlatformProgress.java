package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.operator.placement.Placement;
import build.kiln.operator.placement.PlacementDecision;
import build.kiln.operator.placement.PlacementPolicy;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.operator.worker.WorkerPodName;
import build.kiln.protocol.BuildResult.Steps;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Takes one platform of a run a step further. Pure. */
final class PlatformProgress {
    /** Pods per platform and run; only failures of the infrastructure are tried again. */
    static final int MAX_ATTEMPTS = 3;

    private static final Duration FIRST_BACK_OFF = Duration.ofSeconds(10);

    private final PlacementPolicy placements = new PlacementPolicy();

    /**
     * A platform's next record.
     *
     * @param status of the platform
     * @param failure why the platform failed for good; null when it did not
     */
    record Step(PlatformStatus status, WorkerObservation.@Nullable Failed failure) {
        private static Step to(PlatformStatus status) {
            return new Step(status, null);
        }
    }

    Step next(ObservedBuild build, int run, PlatformStatus current) {
        return switch (stateOf(current)) {
            case Pending -> pending(build, run, current);
            case WaitingForNode, Starting, Building -> {
                Optional<WorkerPod> pod = pod(build, run, current);
                yield pod.isPresent()
                        ? observed(current, pod.get().observation())
                        : failed(current, lost(current, build.now()));
            }
            case Retrying ->
                build.now().isBefore(retryTime(current))
                        ? Step.to(current)
                        : assigned(build, run, current.platform(), attempt(current) + 1);
            case Succeeded, Failed, Cancelled -> Step.to(current);
        };
    }

    /** The record of the intent to create a pod. */
    Step assigned(ObservedBuild build, int run, String platform, int attempt) {
        return switch (placements.place(platform, build.nodes())) {
            case Placement placement ->
                Step.to(PlatformUpdates.assigned(
                        platform,
                        attempt,
                        WorkerPodName.of(build.identity().name(), run, platform, attempt),
                        placement));
            case PlacementDecision.Refused refused -> {
                WorkerObservation.Failed failed = refused(platform, refused, build.now());
                yield new Step(
                        PlatformUpdates.ended(PlatformUpdates.unassigned(platform), State.Failed, failed), failed);
            }
        };
    }

    /** When a platform that failed is tried again. */
    static Instant retryTime(PlatformStatus status) {
        Duration backOff = FIRST_BACK_OFF.multipliedBy(1L << (attempt(status) - 1));
        return Instant.parse(Objects.requireNonNull(status.completionTime(), "completionTime"))
                .plus(backOff);
    }

    static State stateOf(PlatformStatus status) {
        State state = status.state();
        return state == null ? State.Pending : state;
    }

    static int attempt(PlatformStatus status) {
        Integer attempt = status.attempt();
        return attempt == null ? 1 : attempt;
    }

    private Step pending(ObservedBuild build, int run, PlatformStatus current) {
        Optional<WorkerPod> pod = pod(build, run, current);
        if (pod.isPresent()) {
            return observed(current, pod.get().observation());
        }
        // The nodes may have changed since the intent was recorded; the record must say what the pod will be.
        Step assigned = assigned(build, run, current.platform(), attempt(current));
        boolean same = assigned.status().mode() == current.mode()
                && Objects.equals(assigned.status().modeReason(), current.modeReason());
        return same ? Step.to(current) : assigned;
    }

    private static Optional<WorkerPod> pod(ObservedBuild build, int run, PlatformStatus current) {
        return build.pod(current.platform(), run, attempt(current));
    }

    private static Step observed(PlatformStatus current, WorkerObservation observation) {
        return switch (observation) {
            case WorkerObservation.Waiting waiting -> Step.to(waiting(current, waiting));
            case WorkerObservation.Running running -> Step.to(PlatformUpdates.building(current, running));
            case WorkerObservation.Succeeded succeeded -> Step.to(PlatformUpdates.succeeded(current, succeeded));
            case WorkerObservation.Failed failed -> failed(current, failed);
        };
    }

    /** Messages of the scheduler change often; only another reason is worth a write. */
    private static PlatformStatus waiting(PlatformStatus current, WorkerObservation.Waiting waiting) {
        State state = "Unschedulable".equals(waiting.reason()) ? State.WaitingForNode : State.Starting;
        if (current.state() == state && waiting.reason().equals(current.reason())) {
            return current;
        }
        return PlatformUpdates.waiting(current, state, waiting.reason(), waiting.message());
    }

    private static Step failed(PlatformStatus current, WorkerObservation.Failed failed) {
        boolean again = failed.worthRetrying() && attempt(current) < MAX_ATTEMPTS;
        return again
                ? Step.to(PlatformUpdates.ended(current, State.Retrying, failed))
                : new Step(PlatformUpdates.ended(current, State.Failed, failed), failed);
    }

    private static WorkerObservation.Failed lost(PlatformStatus current, Instant now) {
        return failure(
                current.platform(),
                FailureReason.WorkerLost,
                "the worker pod " + current.podName() + " was deleted before it ended",
                true,
                now);
    }

    private static WorkerObservation.Failed refused(String platform, PlacementDecision.Refused refused, Instant now) {
        return failure(
                platform,
                FailureReason.InvalidSpec,
                "spec.platforms: Kiln cannot build " + platform + "; write some of "
                        + String.join(", ", refused.possible()),
                false,
                now);
    }

    private static WorkerObservation.Failed failure(
            String platform, FailureReason reason, String message, boolean worthRetrying, Instant now) {
        Failure details = new Failure(platform, reason, null, null, null, null);
        return new WorkerObservation.Failed(reason, message, details, worthRetrying, Steps.NONE, null, now, null);
    }
}
