package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.CacheUse;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.operator.failure.Evidence.OfCreation;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.failure.Evidence.OfRegistry;
import build.kiln.operator.placement.Placement;
import build.kiln.operator.placement.PlacementDecision;
import build.kiln.operator.placement.PlacementDecision.Unsupported;
import build.kiln.operator.preflight.Symptom;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.operator.worker.WorkerPodName;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Takes one platform of a run a step further. Pure. */
final class PlatformProgress {
    private final Placements placements;

    PlatformProgress(Placements placements) {
        this.placements = placements;
    }

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
        Step step = step(build, run, current);
        return new Step(NativeWaits.settled(step.status(), build.now()), step.failure());
    }

    private Step step(ObservedBuild build, int run, PlatformStatus current) {
        return switch (stateOf(current)) {
            case Pending -> pending(build, run, current);
            case WaitingForNode, Starting, Building -> {
                Optional<WorkerPod> pod = pod(build, run, current);
                yield pod.isPresent()
                        ? observed(build, run, current, pod.get().observation())
                        : failed(build, current, PlatformFailures.lost(current, build.now()));
            }
            case Retrying ->
                build.now().isBefore(retryTime(current))
                        ? Step.to(current)
                        : assigned(
                                build,
                                run,
                                current.platform(),
                                attempt(current) + 1,
                                RetryPolicy.failedAttemptsAfter(current),
                                NativeWaits.before(current));
            case Succeeded, Failed, Cancelled -> Step.to(current);
        };
    }

    /** What a platform had pushed is gone from the registry: the attempt counts as failed. */
    Step imageMissing(ObservedBuild build, PlatformStatus current, String message) {
        return failed(
                build,
                current,
                PlatformFailures.of(current.platform(), OfRegistry.IMAGE_MISSING, message, build.now()));
    }

    /** The pod says that it succeeded, and not what came of all platforms that it was to build. */
    Step incomplete(ObservedBuild build, PlatformStatus current) {
        String message = "the worker in pod " + current.podName() + " did not tell what came of every platform";
        return failed(build, current, PlatformFailures.of(current.platform(), OfPod.NO_RESULT, message, build.now()));
    }

    /** The spec contradicts itself. */
    static Step refused(ObservedBuild build, String platform, String message) {
        WorkerObservation.Failed failed =
                PlatformFailures.of(platform, OfCreation.IMPOSSIBLE_SPEC, message, build.now());
        return new Step(PlatformUpdates.failed(PlatformUpdates.unassigned(platform), failed), failed);
    }

    /** Why a platform that has no pod of its own can never be built; empty when it can. */
    Optional<Step> refusal(ObservedBuild build, String platform) {
        return placements.of(build, platform, null, null) instanceof PlacementDecision.Refused refused
                ? Optional.of(refused(build, platform, refused.message()))
                : Optional.empty();
    }

    /** The record of the intent to create a pod, with nothing before it that failed. */
    Step assigned(ObservedBuild build, int run, String platform, int attempt) {
        return assigned(build, run, platform, attempt, List.of(), null);
    }

    private Step assigned(
            ObservedBuild build,
            int run,
            String platform,
            int attempt,
            List<FailureReason> failedAttempts,
            @Nullable Duration waited) {
        String memoryFactor = RetryPolicy.memoryFactor(build.spec(), failedAttempts);
        return switch (placements.of(build, platform, memoryFactor, waited)) {
            case Placement placement ->
                Step.to(PlatformUpdates.assigned(
                        platform,
                        new PlatformUpdates.Attempt(
                                attempt,
                                failedAttempts,
                                memoryFactor,
                                CacheVolumes.assigned(build, platform, failedAttempts),
                                WorkerPodName.of(build.identity().name(), run, platform, attempt),
                                waited == null ? null : NativeWaits.over(waited)),
                        placement));
            case PlacementDecision.Refused refused -> {
                WorkerObservation.Failed failed =
                        PlatformFailures.of(platform, OfCreation.UNKNOWN_PLATFORM, refused.message(), build.now());
                yield new Step(PlatformUpdates.failed(PlatformUpdates.unassigned(platform), failed), failed);
            }
            case PlacementDecision.Unsupported unsupported ->
                unsupported(
                        PlatformUpdates.unassigned(platform),
                        unsupported,
                        PlatformFailures.of(platform, OfPod.NODE_UNSUPPORTED, unsupported.message(), build.now()));
        };
    }

    /** When a platform that failed is tried again. */
    static Instant retryTime(PlatformStatus status) {
        return Instant.parse(Objects.requireNonNull(status.completionTime(), "completionTime"))
                .plus(RetryPolicy.pause(RetryPolicy.failures(status)));
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
            return observed(build, run, current, pod.get().observation());
        }
        // The nodes may have changed since the intent was recorded; the record must say what the pod will be.
        Step assigned = assigned(
                build, run, current.platform(), attempt(current), failedAttempts(current), NativeWaits.before(current));
        boolean same = assigned.status().mode() == current.mode()
                && Objects.equals(assigned.status().modeReason(), current.modeReason())
                && assigned.status().profile() == current.profile()
                && Objects.equals(assigned.status().profileReason(), current.profileReason())
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

    private Step observed(ObservedBuild build, int run, PlatformStatus current, WorkerObservation observation) {
        return switch (observation) {
            case WorkerObservation.Waiting waiting
            when PodWaits.isForNode(waiting) && isNative(current) -> awaitingNode(build, run, current, waiting);
            case WorkerObservation.Waiting waiting -> Step.to(PodWaits.recorded(current, waiting));
            case WorkerObservation.Running running -> Step.to(PlatformUpdates.building(current, running));
            case WorkerObservation.Succeeded succeeded -> Step.to(succeeded(build, current, succeeded));
            case WorkerObservation.Failed failed
            when foundNoNode(failed) && isNative(current) ->
                emulated(build, run, current, longestWait(current)).orElseGet(() -> failed(build, current, failed));
            case WorkerObservation.Failed failed
            when failed.diagnosis().reason() == FailureReason.WorkerUnsupported ->
                build.preflight()
                        .refusal(current.podName())
                        .map(symptom -> refused(build, run, current, failed, symptom))
                        .orElseGet(() -> failed(build, current, failed));
            case WorkerObservation.Failed failed -> failed(build, current, failed);
        };
    }

    /** Its node cannot run the pod: one of another profile or on another node takes its place, which counts as no failure. */
    private Step refused(
            ObservedBuild build, int run, PlatformStatus current, WorkerObservation.Failed failed, Symptom symptom) {
        if (!Refusals.mayGiveWay(current, symptom)) {
            return unsupported(
                    current, new Unsupported(symptom, failed.diagnosis().message()), failed);
        }
        @Nullable Duration waited = NativeWaits.before(current);
        return placements.of(build, current.platform(), current.memoryFactor(), waited)
                        instanceof Unsupported unsupported
                ? unsupported(current, unsupported, failed)
                : assigned(build, run, current.platform(), attempt(current) + 1, failedAttempts(current), waited);
    }

    private static Step unsupported(PlatformStatus current, Unsupported why, WorkerObservation.Failed failed) {
        return new Step(PlatformUpdates.unsupported(current, why, failed), failed);
    }

    private static PlatformStatus succeeded(
            ObservedBuild build, PlatformStatus current, WorkerObservation.Succeeded succeeded) {
        CacheUse judged = ColdCache.judged(
                build,
                current.platform(),
                succeeded.result().cache(),
                succeeded.result().steps());
        return PlatformUpdates.succeeded(current, succeeded, judged);
    }

    /** No node takes the native pod now: it goes on waiting, or gives way to an emulated one. */
    private Step awaitingNode(ObservedBuild build, int run, PlatformStatus current, WorkerObservation.Waiting waiting) {
        Duration waited = NativeWaits.until(current, waiting.since(), build.now());
        PlacementDecision decision = placements.of(build, current.platform(), current.memoryFactor(), waited);
        return emulated(build, run, current, waited, decision)
                .orElseGet(() -> Step.to(NativeWaits.recorded(current, waiting, decision)));
    }

    /**
     * The intent to build the platform under QEMU from now on, in a pod of another name: that of the pod before is taken as long
     * as it exists. No failure is counted.
     */
    private Optional<Step> emulated(ObservedBuild build, int run, PlatformStatus current, Duration waited) {
        return emulated(
                build, run, current, waited, placements.of(build, current.platform(), current.memoryFactor(), waited));
    }

    private Optional<Step> emulated(
            ObservedBuild build, int run, PlatformStatus current, Duration waited, PlacementDecision decision) {
        return decision instanceof Placement placement && placement.mode() == Mode.Emulated
                ? Optional.of(
                        assigned(build, run, current.platform(), attempt(current) + 1, failedAttempts(current), waited))
                : Optional.empty();
    }

    private static List<FailureReason> failedAttempts(PlatformStatus current) {
        return Objects.requireNonNullElse(current.failedAttempts(), List.of());
    }

    private Duration longestWait(PlatformStatus current) {
        return Objects.requireNonNullElse(NativeWaits.before(current), Duration.ZERO)
                .plus(placements.longestWait());
    }

    private static boolean isNative(PlatformStatus current) {
        return current.mode() == Mode.Native;
    }

    private static boolean foundNoNode(WorkerObservation.Failed failed) {
        return failed.nodeName() == null && failed.diagnosis().reason() == FailureReason.NoCapacity;
    }

    private static Step failed(ObservedBuild build, PlatformStatus current, WorkerObservation.Failed failed) {
        return RetryPolicy.mayRetry(build.spec(), current, failed.diagnosis())
                ? Step.to(PlatformUpdates.retrying(
                        current, failed, RetryPolicy.message(build.spec(), failed.diagnosis())))
                : new Step(PlatformUpdates.failed(current, failed), failed);
    }
}
