package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.publish.PublishOutcome.Published;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The steps of the whole record; conditions and summary are derived later, in one place. */
final class StatusUpdates {
    private StatusUpdates() {}

    /** A new run: nothing but the last good image remains of the runs before. */
    static ImageBuildStatus started(
            ImageBuildStatus status, Run run, List<PlatformStatus> platforms, @Nullable String handledRebuild) {
        return new ImageBuildStatus(
                null,
                null,
                run,
                platforms,
                status.image(),
                status.imageInputHash(),
                status.tags(),
                null,
                null,
                handledRebuild);
    }

    static ImageBuildStatus with(
            ImageBuildStatus status, Run run, List<PlatformStatus> platforms, @Nullable Failure failure) {
        return new ImageBuildStatus(
                null,
                null,
                run,
                platforms,
                status.image(),
                status.imageInputHash(),
                status.tags(),
                failure,
                null,
                status.lastHandledRebuildAt());
    }

    static ImageBuildStatus with(ImageBuildStatus status, Run run) {
        return with(status, run, RunPlanner.platformsOf(status), null);
    }

    static ImageBuildStatus published(ImageBuildStatus status, Run run, Published published) {
        return new ImageBuildStatus(
                null,
                null,
                run,
                RunPlanner.platformsOf(status).stream()
                        .map(platform -> PlatformUpdates.published(
                                platform, published.platforms().get(platform.platform())))
                        .toList(),
                published.image(),
                run.inputHash(),
                published.tags(),
                null,
                null,
                status.lastHandledRebuildAt());
    }
}
