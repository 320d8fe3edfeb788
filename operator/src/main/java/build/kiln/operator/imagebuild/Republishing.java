package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A change that is not a build input may still need the tags to be written again, without a build. */
final class Republishing {
    private Republishing() {}

    /**
     * Whether the tags of a finished run have to be written: they changed after a success; or publishing failed, and the spec
     * changed since.
     */
    static boolean isDue(ObservedBuild build, Run run) {
        ImageBuildStatus status = build.status();
        List<PlatformStatus> platforms = RunPlanner.platformsOf(status);
        boolean built =
                !platforms.isEmpty() && platforms.stream().allMatch(platform -> platform.state() == State.Succeeded);
        if (!built) {
            return false;
        }
        return switch (RunPlanner.phase(run)) {
            case Succeeded -> !Set.copyOf(wantedTags(build)).equals(Set.copyOf(publishedTags(status)));
            case Failed ->
                !Objects.equals(status.observedGeneration(), build.identity().generation());
            case Resolving, Building, Publishing, Cancelled -> false;
        };
    }

    static ImageBuildStatus start(ImageBuildStatus status, Run run) {
        return StatusUpdates.with(status, RunUpdates.publishedAgain(run));
    }

    static List<String> wantedTags(ObservedBuild build) {
        return orEmpty(build.spec().output().tags());
    }

    static List<String> publishedTags(ImageBuildStatus status) {
        return orEmpty(status.tags());
    }

    private static List<String> orEmpty(@Nullable List<String> list) {
        return list == null ? List.of() : list;
    }
}
