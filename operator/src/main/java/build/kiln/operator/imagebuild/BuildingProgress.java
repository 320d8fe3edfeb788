package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.status.FailureMessage;
import build.kiln.operator.worker.ReportedCrossCompiling;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.protocol.BuildResult;
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
        List<PlatformProgress.Step> steps = SinglePod.lead(run)
                .map(lead -> steps(build, run, lead))
                .orElseGet(() -> RunPlanner.platformsOf(build.status()).stream()
                        .map(platform -> platforms.next(build, run.number(), platform))
                        .toList());
        boolean allCreated = steps.stream().noneMatch(step -> PlatformProgress.stateOf(step.status()) == State.Pending);
        Run current = allCreated && run.failedTries() != null ? RunUpdates.withoutTries(run) : run;
        ImageBuildStatus settled = settled(build, Refusals.recorded(build, told(build, run), run), current, steps);
        return SinglePod.followed(build, QueueRecord.upToDate(settled, build.waits()));
    }

    /** One pod builds all. */
    private List<PlatformProgress.Step> steps(ObservedBuild build, Run run, String lead) {
        List<PlatformStatus> all = RunPlanner.platformsOf(build.status());
        PlatformStatus current = SinglePod.of(all, lead);
        PlatformProgress.Step step = platforms.next(build, run.number(), current);
        boolean incomplete = current.state() != State.Succeeded
                && SinglePod.result(build, run.number(), step.status())
                        .filter(result ->
                                step.status().state() == State.Succeeded && !SinglePod.isComplete(result, all))
                        .isPresent();
        return SinglePod.steps(build, run.number(), all, incomplete ? platforms.incomplete(build, current) : step);
    }

    /** What the workers that have succeeded say; their pods may be gone when the last one succeeds. */
    private static ImageBuildStatus told(ObservedBuild build, Run run) {
        List<BuildResult.Succeeded> results = build.pods().stream()
                .filter(pod -> pod.run() == run.number())
                .map(WorkerPod::observation)
                .filter(WorkerObservation.Succeeded.class::isInstance)
                .map(succeeded -> ((WorkerObservation.Succeeded) succeeded).result())
                .toList();
        List<String> merged = BaseImageReferences.merged(
                build.status().baseImages(),
                results.stream().flatMap(result -> result.baseImages().stream()).toList());
        ImageBuildStatusBuilder told = ImageBuildStatusBuilder.builder(build.status());
        if (!merged.isEmpty()) {
            told.baseImages(merged);
        }
        results.stream()
                .map(BuildResult.Succeeded::crossCompiling)
                .filter(Objects::nonNull)
                .findFirst()
                .ifPresent(answer -> told.crossCompiling(ReportedCrossCompiling.of(answer, run.number())));
        return told.build();
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
