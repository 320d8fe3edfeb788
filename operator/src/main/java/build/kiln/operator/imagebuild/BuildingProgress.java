package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.status.FailureMessage;
import build.kiln.operator.worker.WorkerObservation;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Takes a run that builds a step further, platform by platform. */
final class BuildingProgress {
    private final PlatformProgress platforms;

    BuildingProgress(PlatformProgress platforms) {
        this.platforms = platforms;
    }

    ImageBuildStatus next(ObservedBuild build, Run run) {
        List<PlatformProgress.Step> steps = RunPlanner.platformsOf(build.status()).stream()
                .map(platform -> platforms.next(build, run.number(), platform))
                .toList();
        boolean allCreated = steps.stream().noneMatch(step -> PlatformProgress.stateOf(step.status()) == State.Pending);
        Run current = allCreated && run.failedTries() != null ? RunUpdates.withoutTries(run) : run;
        ImageBuildStatus known = Refusals.recorded(build, withBaseImages(build, run), run);
        return QueueRecord.upToDate(settled(build, known, current, steps), build.waits());
    }

    /** What the workers that have succeeded say; their pods may be gone when the last one succeeds. */
    private static ImageBuildStatus withBaseImages(ObservedBuild build, Run run) {
        List<String> known = build.status().baseImages();
        List<String> reported = build.pods().stream()
                .filter(pod -> pod.run() == run.number())
                .map(WorkerPod::observation)
                .filter(WorkerObservation.Succeeded.class::isInstance)
                .flatMap(succeeded -> ((WorkerObservation.Succeeded) succeeded).result().baseImages().stream())
                .toList();
        List<String> merged = BaseImageReferences.merged(known, reported);
        return merged.isEmpty()
                ? build.status()
                : ImageBuildStatusBuilder.builder(build.status())
                        .baseImages(merged)
                        .build();
    }

    /** The first platform that failed for good fails the run; the last one that succeeds completes it. */
    static ImageBuildStatus settled(
            ObservedBuild build, ImageBuildStatus status, Run run, List<PlatformProgress.Step> steps) {
        Optional<PlatformProgress.Step> failed =
                steps.stream().filter(step -> step.failure() != null).findFirst();
        List<PlatformStatus> current =
                steps.stream().map(PlatformProgress.Step::status).toList();
        ImageBuildStatus remembered = ColdCache.remembered(build.spec(), status, run, current);
        if (failed.isPresent()) {
            return failed(build, remembered, run, current, failed.get());
        }
        boolean all = current.stream().allMatch(platform -> platform.state() == State.Succeeded);
        return StatusUpdates.with(remembered, all ? RunUpdates.built(run, lastEnd(current)) : run, current, null);
    }

    /** Platforms that have not ended are of no more use once the run has failed. */
    static List<PlatformStatus> cancelled(List<PlatformStatus> platforms, Instant now, String message) {
        return platforms.stream()
                .map(platform -> switch (PlatformProgress.stateOf(platform)) {
                    case Succeeded, Failed, Cancelled -> platform;
                    case Pending, WaitingForNode, Starting, Building, Retrying ->
                        PlatformUpdates.cancelled(platform, now, message);
                })
                .toList();
    }

    private static ImageBuildStatus failed(
            ObservedBuild build,
            ImageBuildStatus status,
            Run run,
            List<PlatformStatus> platforms,
            PlatformProgress.Step failed) {
        PlatformStatus platform = failed.status();
        Failure failure = Objects.requireNonNull(failed.failure(), "failure").details();
        return StatusUpdates.with(
                status,
                RunUpdates.failed(run, build.now(), FailureMessage.of(build.identity(), platform)),
                cancelled(platforms, build.now(), "cancelled because " + platform.platform() + " failed"),
                failure);
    }

    private static Instant lastEnd(List<PlatformStatus> platforms) {
        return platforms.stream()
                .map(platform -> Instant.parse(Objects.requireNonNull(platform.completionTime(), "completionTime")))
                .max(Instant::compareTo)
                .orElseThrow();
    }
}
