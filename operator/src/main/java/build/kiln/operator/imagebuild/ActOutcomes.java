package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.credentials.CredentialResult;
import build.kiln.operator.publish.PublishOutcome;
import build.kiln.operator.source.Resolution;
import build.kiln.operator.status.FailureMessage;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What is recorded of an act that answered something which cannot be observed later. Pure. */
final class ActOutcomes {
    static final int MAX_RESOLVE_TRIES = 3;
    static final int MAX_PUBLISH_TRIES = 5;

    /** Objects that are applied together arrive in any order: a Secret may come a moment after the build. */
    static final int MAX_CREDENTIAL_TRIES = 3;

    private static final Duration SERVER_BACK_OFF = Duration.ofSeconds(5);
    private static final Duration CREDENTIAL_BACK_OFF = Duration.ofSeconds(2);
    private static final Duration QUOTA_BACK_OFF = Duration.ofSeconds(10);

    private final RunStart start = new RunStart(new PlatformProgress());
    private final int maxQuotaTries;

    /**
     * @param startTimeout longest time that a pod may need to start, a quota that is used up included
     */
    ActOutcomes(Duration startTimeout) {
        this.maxQuotaTries = Math.max(1, (int) startTimeout.dividedBy(QUOTA_BACK_OFF));
    }

    ImageBuildStatus resolved(ObservedBuild build, Resolution resolution) {
        return switch (resolution) {
            case Resolution.Resolved resolved -> start.building(build, build.status(), run(build), resolved.commit());
            case Resolution.Unresolved unresolved ->
                again(
                        build,
                        unresolved.reason(),
                        unresolved.message(),
                        unresolved.worthRetrying() ? MAX_RESOLVE_TRIES : 1,
                        exponential(SERVER_BACK_OFF, build));
        };
    }

    ImageBuildStatus published(ObservedBuild build, PublishOutcome outcome) {
        return switch (outcome) {
            case PublishOutcome.Published published -> succeeded(build, published);
            case PublishOutcome.Missing missing ->
                again(build, FailureReason.PublishFailed, missing.message(), 1, SERVER_BACK_OFF);
            case PublishOutcome.Unpublished unpublished ->
                again(
                        build,
                        unpublished.reason(),
                        unpublished.message(),
                        unpublished.worthRetrying() ? MAX_PUBLISH_TRIES : 1,
                        exponential(SERVER_BACK_OFF, build));
        };
    }

    ImageBuildStatus withoutCredentials(ObservedBuild build, CredentialResult.Unavailable unavailable) {
        return again(
                build,
                unavailable.reason(),
                unavailable.message(),
                MAX_CREDENTIAL_TRIES,
                exponential(CREDENTIAL_BACK_OFF, build));
    }

    ImageBuildStatus refused(ObservedBuild build, PodCreation.Refused refused) {
        return again(
                build,
                refused.reason(),
                refused.message(),
                refused.worthRetrying() ? maxQuotaTries : 1,
                QUOTA_BACK_OFF);
    }

    private static ImageBuildStatus succeeded(ObservedBuild build, PublishOutcome.Published published) {
        String tags = published.tags().isEmpty() ? "without a tag" : "as " + String.join(", ", published.tags());
        Run run = RunUpdates.succeeded(run(build), build.now(), "Published " + published.image() + " " + tags + ".");
        return StatusUpdates.published(build.status(), run, published);
    }

    /** Tries again later, or fails the run when that was the last try. */
    private static ImageBuildStatus again(
            ObservedBuild build, FailureReason reason, String message, int maxTries, Duration backOff) {
        ImageBuildStatus status = build.status();
        Run run = run(build);
        int tries = RunUpdates.failedTries(run) + 1;
        if (tries < maxTries) {
            Instant next = build.now().plus(backOff);
            return StatusUpdates.with(status, RunUpdates.triedInVain(run, next, message));
        }
        return StatusUpdates.with(
                status,
                RunUpdates.failed(run, build.now(), FailureMessage.of(build.identity(), message, tries)),
                BuildingProgress.cancelled(
                        RunPlanner.platformsOf(status), build.now(), "cancelled because the run failed"),
                failure(reason));
    }

    private static Duration exponential(Duration first, ObservedBuild build) {
        return first.multipliedBy(1L << RunUpdates.failedTries(run(build)));
    }

    private static Failure failure(FailureReason reason) {
        return new Failure(null, reason, null, null, null, null);
    }

    private static Run run(ObservedBuild build) {
        @Nullable Run run = build.status().run();
        return Objects.requireNonNull(run, "an act belongs to a run");
    }

    /** The most telling of several refusals: one that waiting does not cure goes first. */
    static PodCreation.Refused worst(List<PodCreation.Refused> refusals) {
        return refusals.stream()
                .filter(refused -> !refused.worthRetrying())
                .findFirst()
                .orElseGet(refusals::getFirst);
    }
}
