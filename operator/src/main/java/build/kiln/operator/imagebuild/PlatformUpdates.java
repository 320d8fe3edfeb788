package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.CacheUse;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.NativeWait;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.PlatformStatusBuilder;
import build.kiln.operator.placement.Placement;
import build.kiln.operator.placement.PlacementDecision.Unsupported;
import build.kiln.operator.preflight.Symptom;
import build.kiln.operator.worker.ReportedCacheUse;
import build.kiln.operator.worker.ReportedStarts;
import build.kiln.operator.worker.ReportedVolume;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.protocol.BuildResult.Pushed;
import build.kiln.protocol.BuildResult.Steps;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The steps of a platform's record. */
final class PlatformUpdates {
    private PlatformUpdates() {}

    /** Known, but the commit to build is not. */
    static PlatformStatus unassigned(String platform) {
        return PlatformStatusBuilder.builder()
                .platform(platform)
                .state(State.Pending)
                .build();
    }

    /**
     * @param number from 1
     * @param failedBefore why the attempts before failed
     * @param memoryFactor by how much the memory is multiplied
     * @param cacheVolume where it keeps its state; null when the state goes with the pod
     * @param podName of its pod
     * @param waited how the platform waited for a native node before
     */
    record Attempt(
            int number,
            List<FailureReason> failedBefore,
            @Nullable String memoryFactor,
            PlatformStatus.@Nullable CacheVolume cacheVolume,
            String podName,
            @Nullable NativeWait waited) {}

    /** The intent to create this pod. */
    static PlatformStatus assigned(String platform, Attempt attempt, Placement placement) {
        @Nullable Symptom unfit = placement.profile().unfit();
        return PlatformStatusBuilder.builder(unassigned(platform))
                .mode(placement.mode())
                .modeReason(placement.reason())
                .modeMessage(placement.message())
                .profile(placement.profile().profile())
                .profileReason(unfit == null ? null : unfit.name())
                .profileMessage(placement.profile().message())
                .nativeWait(attempt.waited())
                .attempt(attempt.number())
                .failedAttempts(attempt.failedBefore().isEmpty() ? null : attempt.failedBefore())
                .memoryFactor(attempt.memoryFactor())
                .cacheVolume(attempt.cacheVolume())
                .podName(attempt.podName())
                .build();
    }

    /** Nothing holds up its pod any more. */
    static PlatformStatus assignedAgain(PlatformStatus current) {
        return withinAttempt(current, State.Pending).build();
    }

    /** The pod waits for a node of its architecture. */
    static PlatformStatus waitingForNative(PlatformStatus current, NativeWait wait, String reason, String message) {
        return withinAttempt(current, State.WaitingForNode)
                .nativeWait(wait)
                .reason(reason)
                .message(message)
                .build();
    }

    /** The pod is there, its worker does not run yet. */
    static PlatformStatus waiting(PlatformStatus current, State state, String reason, String message) {
        return withinAttempt(current, state).reason(reason).message(message).build();
    }

    static PlatformStatus building(PlatformStatus current, WorkerObservation.Running running) {
        return withinAttempt(current, State.Building)
                .nodeName(running.nodeName())
                .startTime(running.startTime().toString())
                .build();
    }

    /**
     * @param cache what the cache did; null without one
     */
    static PlatformStatus succeeded(
            PlatformStatus current, WorkerObservation.Succeeded succeeded, @Nullable CacheUse cache) {
        Pushed pushed = succeeded.result().pushed();
        Steps steps = succeeded.result().steps();
        return withinAttempt(current, State.Succeeded)
                .nodeName(succeeded.nodeName())
                .startTime(succeeded.startTime().toString())
                .completionTime(succeeded.completionTime().toString())
                .cachedSteps(steps.cached())
                .totalSteps(steps.total())
                .pulledBytes(ReportedCacheUse.pulledBytes(succeeded.result().traffic()))
                .sentBytes(ReportedCacheUse.sentBytes(succeeded.result().traffic()))
                .cache(cache)
                .acceleration(ReportedStarts.of(succeeded.result().acceleration()))
                .cacheVolume(ReportedVolume.of(
                        current.cacheVolume(), succeeded.result().cacheVolume()))
                .pushed(new PlatformStatus.Pushed(pushed.digest(), pushed.mediaType(), pushed.size()))
                .build();
    }

    /** Failed for good. */
    static PlatformStatus failed(PlatformStatus current, WorkerObservation.Failed failed) {
        return ended(current, State.Failed, failed, failed.diagnosis().message());
    }

    /** No node can run a worker of it. */
    static PlatformStatus unsupported(PlatformStatus current, Unsupported why, WorkerObservation.Failed failed) {
        return PlatformStatusBuilder.builder(failed(current, failed))
                .profileReason(why.symptom().name())
                .profileMessage(why.message())
                .build();
    }

    /** To be tried again. */
    static PlatformStatus retrying(PlatformStatus current, WorkerObservation.Failed failed, String message) {
        return ended(current, State.Retrying, failed, message);
    }

    private static PlatformStatus ended(
            PlatformStatus current, State state, WorkerObservation.Failed failed, String message) {
        @Nullable Steps steps = failed.steps().total() > 0 ? failed.steps() : null;
        @Nullable Instant startTime = failed.startTime();
        return withinAttempt(current, state)
                .nodeName(failed.nodeName())
                .startTime(startTime == null ? null : startTime.toString())
                .completionTime(failed.completionTime().toString())
                .cachedSteps(steps == null ? null : steps.cached())
                .totalSteps(steps == null ? null : steps.total())
                .reason(failed.diagnosis().reason().name())
                .message(message)
                .build();
    }

    static PlatformStatus cancelled(PlatformStatus current, Instant now, String message) {
        return NativeWaits.settled(
                withinAttempt(current, State.Cancelled)
                        .nodeName(current.nodeName())
                        .startTime(current.startTime())
                        .completionTime(now.toString())
                        .reason(State.Cancelled.name())
                        .message(message)
                        .build(),
                now);
    }

    /** Listed in the published image, which needs no temporary tags any more. */
    static PlatformStatus published(PlatformStatus current, @Nullable String digest) {
        return PlatformStatusBuilder.builder(current)
                .digest(digest)
                .temporaryTag(null)
                .build();
    }

    /** Another state of the same pod: nothing stays but what the pod is; what its image became is known after publishing. */
    private static PlatformStatusBuilder withinAttempt(PlatformStatus current, State state) {
        return PlatformStatusBuilder.builder()
                .platform(current.platform())
                .state(state)
                .mode(current.mode())
                .modeReason(current.modeReason())
                .modeMessage(current.modeMessage())
                .profile(current.profile())
                .profileReason(current.profileReason())
                .profileMessage(current.profileMessage())
                .nativeWait(current.nativeWait())
                .attempt(current.attempt())
                .failedAttempts(current.failedAttempts())
                .memoryFactor(current.memoryFactor())
                .cacheVolume(current.cacheVolume())
                .podName(current.podName());
    }
}
