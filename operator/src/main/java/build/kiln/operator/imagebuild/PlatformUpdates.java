package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.operator.placement.Placement;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.protocol.BuildResult.Pushed;
import build.kiln.protocol.BuildResult.Steps;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The steps of a platform's record. */
final class PlatformUpdates {
    private PlatformUpdates() {}

    /** Known, but the commit to build is not. */
    static PlatformStatus unassigned(String platform) {
        return new PlatformStatus(
                platform, State.Pending, null, null, null, null, null, null, null, null, null, null, null, null, null);
    }

    /** The intent to create this pod. */
    static PlatformStatus assigned(String platform, int attempt, String podName, Placement placement) {
        return new PlatformStatus(
                platform,
                State.Pending,
                placement.mode(),
                placement.reason(),
                attempt,
                podName,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    /** The pod is there, its worker does not run yet. */
    static PlatformStatus waiting(PlatformStatus current, State state, String reason, String message) {
        return withinAttempt(current, state, null, null, null, null, null, reason, message);
    }

    static PlatformStatus building(PlatformStatus current, WorkerObservation.Running running) {
        String startTime = running.startTime().toString();
        return withinAttempt(current, State.Building, running.nodeName(), startTime, null, null, null, null, null);
    }

    static PlatformStatus succeeded(PlatformStatus current, WorkerObservation.Succeeded succeeded) {
        Pushed pushed = succeeded.result().pushed();
        return withinAttempt(
                current,
                State.Succeeded,
                succeeded.nodeName(),
                succeeded.startTime().toString(),
                succeeded.completionTime().toString(),
                succeeded.result().steps(),
                new PlatformStatus.Pushed(pushed.digest(), pushed.mediaType(), pushed.size()),
                null,
                null);
    }

    /** Failed for good, or to be tried again. */
    static PlatformStatus ended(PlatformStatus current, State state, WorkerObservation.Failed failed) {
        return withinAttempt(
                current,
                state,
                failed.nodeName(),
                text(failed.startTime()),
                failed.completionTime().toString(),
                failed.steps().total() > 0 ? failed.steps() : null,
                null,
                failed.reason().name(),
                failed.message());
    }

    static PlatformStatus cancelled(PlatformStatus current, Instant now, String message) {
        return withinAttempt(
                current,
                State.Cancelled,
                current.nodeName(),
                current.startTime(),
                now.toString(),
                null,
                null,
                State.Cancelled.name(),
                message);
    }

    /** Another state of the same pod; what its image became is known only after publishing. */
    private static PlatformStatus withinAttempt(
            PlatformStatus current,
            State state,
            @Nullable String nodeName,
            @Nullable String startTime,
            @Nullable String completionTime,
            @Nullable Steps steps,
            PlatformStatus.@Nullable Pushed pushed,
            @Nullable String reason,
            @Nullable String message) {
        return new PlatformStatus(
                current.platform(),
                state,
                current.mode(),
                current.modeReason(),
                current.attempt(),
                current.podName(),
                nodeName,
                startTime,
                completionTime,
                steps == null ? null : steps.cached(),
                steps == null ? null : steps.total(),
                null,
                pushed,
                reason,
                message);
    }

    /** Listed in the published image. */
    static PlatformStatus published(PlatformStatus current, @Nullable String digest) {
        return new PlatformStatus(
                current.platform(),
                current.state(),
                current.mode(),
                current.modeReason(),
                current.attempt(),
                current.podName(),
                current.nodeName(),
                current.startTime(),
                current.completionTime(),
                current.cachedSteps(),
                current.totalSteps(),
                digest,
                current.pushed(),
                current.reason(),
                current.message());
    }

    private static @Nullable String text(@Nullable Instant instant) {
        return instant == null ? null : instant.toString();
    }
}
