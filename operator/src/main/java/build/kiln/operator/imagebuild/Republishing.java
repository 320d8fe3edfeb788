package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.HistoryEntry;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.ResultConfigMap;
import build.kiln.api.v1alpha1.Run;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A change that is not a build input may still need the tags to be written again, without a build. */
final class Republishing {
    private Republishing() {}

    /**
     * Whether a finished run has to be published again: what is wanted besides its image changed after a success; or publishing
     * failed, and the spec changed since.
     */
    static boolean isDue(ObservedBuild build, Run run) {
        ImageBuildStatus status = build.status();
        if (!RunSpec.isOf(build.spec(), run) || !isBuilt(status, run)) {
            return false;
        }
        return switch (RunPlanner.phase(run)) {
            case Succeeded -> hasOtherTags(build) || hasOtherConfigMap(build);
            case Failed ->
                !Objects.equals(status.observedGeneration(), build.identity().generation());
            case Resolving, Building, Publishing, Cancelled -> false;
        };
    }

    /** The image to move the tags to; empty when it has to be made of the platforms' results first. */
    static Optional<String> image(ImageBuildStatus status, Run run) {
        return History.ofRun(status, run.number())
                .map(HistoryEntry::image)
                .or(() -> Optional.ofNullable(run.reusedRun())
                        .flatMap(earlier -> History.ofRun(status, earlier))
                        .map(HistoryEntry::image));
    }

    /** Whether what was published last is of this spec, and nothing else is going on. */
    static boolean isPublished(ObservedBuild build) {
        Run run = build.status().run();
        return run != null
                && RunPlanner.phase(run) == Run.Phase.Succeeded
                && RunSpec.isOf(build.spec(), run)
                && build.status().resultConfigMap() != null;
    }

    private static boolean isBuilt(ImageBuildStatus status, Run run) {
        List<PlatformStatus> platforms = RunPlanner.platformsOf(status);
        return run.reusedRun() != null
                || (!platforms.isEmpty()
                        && platforms.stream().allMatch(platform -> platform.state() == State.Succeeded));
    }

    private static boolean hasOtherTags(ObservedBuild build) {
        return !Set.copyOf(wantedTags(build)).equals(Set.copyOf(publishedTags(build.status())));
    }

    private static boolean hasOtherConfigMap(ObservedBuild build) {
        ResultConfigMap wanted = build.spec().output().resultConfigMap();
        return wanted != null && !wanted.name().equals(build.status().resultConfigMap());
    }

    static ImageBuildStatus start(ImageBuildStatus status, Run run) {
        return StatusUpdates.with(status, RunUpdates.publishedAgain(run));
    }

    private static List<String> wantedTags(ObservedBuild build) {
        return orEmpty(build.spec().output().tags());
    }

    private static List<String> publishedTags(ImageBuildStatus status) {
        return orEmpty(status.tags());
    }

    private static List<String> orEmpty(@Nullable List<String> list) {
        return list == null ? List.of() : list;
    }
}
