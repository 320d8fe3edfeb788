package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.RunBuilder;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.credentials.CredentialResult;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence;
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
    /** Tries of another kind may have been counted before. */
    private static final int MOST_DOUBLINGS = 6;

    private final PlatformProgress platforms;
    private final RunStart start;
    private final int maxQuotaTries;

    ActOutcomes(OperatorConfiguration configuration) {
        Placements placements = new Placements(configuration);
        this.platforms = new PlatformProgress(placements);
        this.start = new RunStart(platforms, new StrategyPolicy(placements));
        // The longest time that a pod may need to start includes a quota that is used up.
        this.maxQuotaTries =
                Math.max(1, (int) configuration.worker().startTimeout().dividedBy(QUOTA_BACK_OFF));
    }

    ImageBuildStatus resolved(ObservedBuild build, Resolution resolution) {
        return switch (resolution) {
            case Resolution.Resolved resolved -> start.building(build, build.status(), run(build), resolved.commit());
            case Resolution.Unresolved unresolved ->
                again(build, unresolved.diagnosis(), MAX_RESOLVE_TRIES, exponential(SERVER_BACK_OFF, build));
        };
    }

    ImageBuildStatus published(ObservedBuild build, PublishOutcome outcome) {
        return switch (outcome) {
            case PublishOutcome.Published published -> succeeded(build, published);
            case PublishOutcome.Missing missing -> missing(build, missing);
            case PublishOutcome.Unpublished unpublished ->
                again(build, unpublished.diagnosis(), MAX_PUBLISH_TRIES, exponential(SERVER_BACK_OFF, build));
        };
    }

    /** An image that was published before got its tags; or it is gone, and a run that was to use it again has to build. */
    ImageBuildStatus tagged(ObservedBuild build, PublishOutcome outcome) {
        boolean firstTime = History.ofRun(build.status(), run(build).number()).isEmpty();
        return outcome instanceof PublishOutcome.Missing missing
                ? firstTime
                        ? start.builtAfterAll(build, run(build))
                        : again(
                                build,
                                Diagnosis.of(Evidence.OfRegistry.IMAGE_MISSING, missing.message()),
                                1,
                                SERVER_BACK_OFF)
                : published(build, outcome);
    }

    /** The image is published; what was to tell of it could not be written. */
    ImageBuildStatus untold(ObservedBuild build, Diagnosis diagnosis) {
        return again(build, diagnosis, MAX_PUBLISH_TRIES, exponential(SERVER_BACK_OFF, build));
    }

    /** A commit that the revision did not point at before. */
    ImageBuildStatus sourceMoved(ObservedBuild build, String commit) {
        ImageBuildStatus started = start.start(build, Run.Cause.SourceMoved);
        Run run = Objects.requireNonNull(started.run(), "a run was started");
        return start.building(build, started, run, commit);
    }

    /** Tags of base images that did not point there before. */
    ImageBuildStatus baseImagesMoved(ObservedBuild build, List<String> moved) {
        ImageBuildStatus started = start.start(build, Run.Cause.BaseImageMoved);
        Run run = Objects.requireNonNull(started.run(), "a run was started");
        return StatusUpdates.with(
                started,
                RunBuilder.builder(run).movedBaseImages(moved).build(),
                RunPlanner.platformsOf(started),
                started.failure());
    }

    ImageBuildStatus withoutCredentials(ObservedBuild build, CredentialResult.Unavailable unavailable) {
        return again(build, unavailable.diagnosis(), MAX_CREDENTIAL_TRIES, exponential(CREDENTIAL_BACK_OFF, build));
    }

    ImageBuildStatus refused(ObservedBuild build, PodCreation.Refused refused) {
        return again(build, refused.diagnosis(), maxQuotaTries, QUOTA_BACK_OFF);
    }

    /** Only the platforms whose images are gone are built again, and those that have their pod in common. */
    private ImageBuildStatus missing(ObservedBuild build, PublishOutcome.Missing missing) {
        List<PlatformStatus> all = RunPlanner.platformsOf(build.status());
        List<PlatformProgress.Step> steps = SinglePod.lead(run(build))
                .map(lead -> SinglePod.steps(
                        build,
                        run(build).number(),
                        all,
                        platforms.imageMissing(build, SinglePod.of(all, lead), missing.message())))
                .orElseGet(() -> all.stream()
                        .map(platform -> missing.platforms().contains(platform.platform())
                                ? platforms.imageMissing(build, platform, missing.message())
                                : PlatformProgress.Step.to(platform))
                        .toList());
        return BuildingProgress.settled(build, build.status(), RunUpdates.buildingAgain(run(build)), steps);
    }

    private static ImageBuildStatus succeeded(ObservedBuild build, PublishOutcome.Published published) {
        Run run = run(build);
        String tags = published.tags().isEmpty() ? "without a tag" : "as " + String.join(", ", published.tags());
        String reused = run.reusedRun() == null
                ? ""
                : "\nRun " + run.reusedRun()
                        + " built it from the same inputs; spec.reusePolicy: Never, or a rebuild request, builds anew.";
        String message = "Published " + published.image() + " " + tags + "." + reused;
        return StatusUpdates.published(build, RunUpdates.succeeded(run, build.now(), message), published);
    }

    /** Tries again later, or fails the run when that was the last try. */
    private static ImageBuildStatus again(ObservedBuild build, Diagnosis diagnosis, int maxTries, Duration backOff) {
        ImageBuildStatus status = build.status();
        Run run = run(build);
        int tries = RunUpdates.failedTries(run) + 1;
        if (diagnosis.isWorthWaiting() && tries < maxTries) {
            Instant next = build.now().plus(backOff);
            return StatusUpdates.with(status, RunUpdates.triedInVain(run, next, diagnosis.message()));
        }
        return StatusUpdates.with(
                status,
                RunUpdates.failed(run, build.now(), FailureMessage.of(build.identity(), diagnosis.message(), tries)),
                BuildingProgress.cancelled(
                        RunPlanner.platformsOf(status), build.now(), "cancelled because the run failed"),
                failure(diagnosis.reason()));
    }

    private static Duration exponential(Duration first, ObservedBuild build) {
        return first.multipliedBy(1L << Math.min(RunUpdates.failedTries(run(build)), MOST_DOUBLINGS));
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
                .filter(refused -> !refused.diagnosis().isWorthWaiting())
                .findFirst()
                .orElseGet(refusals::getFirst);
    }
}
