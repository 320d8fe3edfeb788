package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.ResultConfigMap;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.publish.PublishOutcome.Published;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The steps of the whole record; conditions and summary are derived later, in one place. */
final class StatusUpdates {
    private StatusUpdates() {}

    /** A new run: nothing but the last good image remains of the runs before. Every request so far is answered by it. */
    static ImageBuildStatus started(ObservedBuild build, Run run, List<PlatformStatus> platforms) {
        ImageBuildStatus status = Scheduling.handled(build, build.status());
        ImageBuildStatusBuilder started = ImageBuildStatusBuilder.builder(with(status, run, platforms, null));
        Requests.rebuild(build).ifPresent(started::lastHandledRebuildAt);
        Requests.cancel(build).ifPresent(started::lastHandledCancelAt);
        return started.build();
    }

    static ImageBuildStatus with(
            ImageBuildStatus status, Run run, List<PlatformStatus> platforms, @Nullable Failure failure) {
        return ImageBuildStatusBuilder.builder(status)
                .run(run)
                .platforms(platforms)
                .failure(failure)
                .build();
    }

    static ImageBuildStatus with(ImageBuildStatus status, Run run) {
        return with(status, run, RunPlanner.platformsOf(status), null);
    }

    static ImageBuildStatus published(ObservedBuild build, Run run, Published published) {
        ImageBuildStatus status = build.status();
        ResultConfigMap written = build.spec().output().resultConfigMap();
        List<PlatformStatus> platforms = RunPlanner.platformsOf(status).stream()
                .map(platform -> PlatformUpdates.published(
                        platform, published.platforms().get(platform.platform())))
                .toList();
        return ImageBuildStatusBuilder.builder(with(status, run, platforms, null))
                .image(published.image())
                .imageInputHash(run.inputHash())
                .tags(published.tags())
                .resultConfigMap(written == null ? null : written.name())
                .build();
    }
}
