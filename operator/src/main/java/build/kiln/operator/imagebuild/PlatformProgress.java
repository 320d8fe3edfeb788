package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence;
import build.kiln.operator.failure.Evidence.OfCreation;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.failure.Evidence.OfRegistry;
import build.kiln.operator.placement.Placement;
import build.kiln.operator.placement.PlacementDecision;
import build.kiln.operator.placement.PlacementPolicy;
import build.kiln.operator.worker.SchedulingGates;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.operator.worker.WorkerPodName;
import build.kiln.protocol.BuildResult.Steps;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Takes one platform of a run a step further. Pure. */
final class PlatformProgress {
    /** The kubelet takes turns with these while it goes on trying; the first says why, the second does not always. */
    private static final Set<String> PULL_ERRORS = Set.of("ErrImagePull", "ImagePullBackOff");

    private final PlacementPolicy placements = new PlacementPolicy();

    /**
     * A platform's next record.
     *
     * @param status of the platform
     * @param failure why the platform failed for good; null when it did not
     */
    record Step(PlatformStatus status, WorkerObservation.@Nullable Failed failure) {
        static Step to(PlatformStatus status) {
            return new Step(status, null);
        }
    }

    Step next(ObservedBuild build, int run, PlatformStatus current) {
        return switch (stateOf(current)) {
            case Pending -> pending(build, run, current);
            case WaitingForNode, Starting, Building -> {
                Optional<WorkerPod> pod = pod(build, run, current);
                yield pod.isPresent()
                        ? observed(build, current, pod.get().observation())
                        : failed(build, current, lost(current, build.now()));
            }
            case Retrying ->
                build.now().isBefore(retryTime(current))
                        ? Step.to(current)
                        : assigned(
                                build,
                                run,
                                current.platform(),
                                attempt(current) + 1,
                                RetryPolicy.failedAttemptsAfter(current));
            case Succeeded, Failed, Cancelled -> Step.to(current);
        };
    }

    /** What a platform had pushed is gone from the registry: the attempt counts as failed. */
    Step imageMissing(ObservedBuild build, PlatformStatus current, String message) {
        return failed(build, current, failure(current.platform(), OfRegistry.IMAGE_MISSING, message, build.now()));
    }

    /** The record of the intent to create a pod, with nothing before it that failed. */
    Step assigned(ObservedBuild build, int run, String platform, int attempt) {
        return assigned(build, run, platform, attempt, List.of());
    }

    private Step assigned(
            ObservedBuild build, int run, String platform, int attempt, List<FailureReason> failedAttempts) {
        return switch (placements.place(platform, build.nodes())) {
            case Placement placement ->
                Step.to(PlatformUpdates.assigned(
                        platform,
                        new PlatformUpdates.Attempt(
                                attempt,
                                failedAttempts,
                                RetryPolicy.memoryFactor(build.spec(), failedAttempts),
                                CacheVolumes.assigned(build, platform, failedAttempts),
                                WorkerPodName.of(build.identity().name(), run, platform, attempt)),
                        placement));
            case PlacementDecision.Refused refused -> {
                WorkerObservation.Failed failed = refused(platform, refused, build.now());
                yield new Step(PlatformUpdates.failed(PlatformUpdates.unassigned(platform), failed), failed);
            }
        };
    }

    /** When a platform that failed is tried again. */
    static Instant retryTime(PlatformStatus status) {
        return Instant.parse(Objects.requireNonNull(status.completionTime(), "completionTime"))
                .plus(RetryPolicy.pause(attempt(status)));
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
            return observed(build, current, pod.get().observation());
        }
        // The nodes may have changed since the intent was recorded; the record must say what the pod will be.
        List<FailureReason> failedAttempts = Objects.requireNonNullElse(current.failedAttempts(), List.of());
        Step assigned = assigned(build, run, current.platform(), attempt(current), failedAttempts);
        boolean same = assigned.status().mode() == current.mode()
                && Objects.equals(assigned.status().modeReason(), current.modeReason())
                && Objects.equals(assigned.status().cacheVolume(), current.cacheVolume());
        return same ? Step.to(held(build, current)) : assigned;
    }

    /** Whether the platform waits for its cache volume. */
    private static PlatformStatus held(ObservedBuild build, PlatformStatus current) {
        Optional<WorkerPod> holder = CacheVolumes.holder(build, current);
        if (holder.isPresent() == CacheVolumes.isHeld(current)) {
            return current;
        }
        return holder.map(pod -> PlatformUpdates.waiting(
                        current,
                        State.Pending,
                        CacheVolumes.IN_USE,
                        "the cache volume is used by pod " + pod.name() + ", which has not ended yet"))
                .orElseGet(() -> PlatformUpdates.assignedAgain(current));
    }

    private static Optional<WorkerPod> pod(ObservedBuild build, int run, PlatformStatus current) {
        return build.pod(current.platform(), run, attempt(current));
    }

    private static Step observed(ObservedBuild build, PlatformStatus current, WorkerObservation observation) {
        return switch (observation) {
            case WorkerObservation.Waiting waiting -> Step.to(waiting(current, waiting));
            case WorkerObservation.Running running -> Step.to(PlatformUpdates.building(current, running));
            case WorkerObservation.Succeeded succeeded -> Step.to(PlatformUpdates.succeeded(current, succeeded));
            case WorkerObservation.Failed failed -> failed(build, current, failed);
        };
    }

    /** Messages of scheduler and kubelet change often; only another reason is worth a write, and silence is none. */
    private static PlatformStatus waiting(PlatformStatus current, WorkerObservation.Waiting waiting) {
        State state = switch (waiting.reason()) {
            case "Unschedulable" -> State.WaitingForNode;
            case SchedulingGates.HELD -> State.Pending;
            default -> State.Starting;
        };
        if (current.state() == state && current.reason() != null && isStill(current.reason(), waiting)) {
            return current;
        }
        return PlatformUpdates.waiting(current, state, waiting.reason(), waiting.message());
    }

    private static boolean isStill(String told, WorkerObservation.Waiting waiting) {
        return told.equals(waiting.reason())
                || (PULL_ERRORS.contains(told) && PULL_ERRORS.contains(waiting.reason()))
                || (waiting.unexplained() && !WorkerObservation.Waiting.isOrdinary(told));
    }

    private static Step failed(ObservedBuild build, PlatformStatus current, WorkerObservation.Failed failed) {
        return RetryPolicy.mayRetry(build.spec(), current, failed.diagnosis())
                ? Step.to(PlatformUpdates.retrying(
                        current, failed, RetryPolicy.message(build.spec(), failed.diagnosis())))
                : new Step(PlatformUpdates.failed(current, failed), failed);
    }

    private static WorkerObservation.Failed lost(PlatformStatus current, Instant now) {
        return failure(
                current.platform(),
                OfPod.STOPPED,
                "the worker pod " + current.podName() + " was deleted before it ended",
                now);
    }

    private static WorkerObservation.Failed refused(String platform, PlacementDecision.Refused refused, Instant now) {
        return failure(
                platform,
                OfCreation.UNKNOWN_PLATFORM,
                "spec.platforms: Kiln cannot build " + platform + "; write some of "
                        + String.join(", ", refused.possible()),
                now);
    }

    private static WorkerObservation.Failed failure(String platform, Evidence evidence, String message, Instant now) {
        Diagnosis diagnosis = Diagnosis.of(evidence, message);
        Failure details = new Failure(platform, diagnosis.reason(), null, null, null, null);
        return new WorkerObservation.Failed(diagnosis, details, Steps.NONE, null, now, null);
    }
}
