package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.operator.placement.RequestedPlatforms;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** When a run starts, and what is recorded of it then. */
final class RunStart {
    private final PlatformProgress platforms;

    RunStart(PlatformProgress platforms) {
        this.platforms = platforms;
    }

    /** Why a run has to start now; null when none has to. */
    static @Nullable Cause cause(ObservedBuild build) {
        Run run = build.status().run();
        if (run == null) {
            return Cause.Initial;
        }
        if (!InputHash.of(build.spec()).equals(run.specHash())) {
            return Cause.InputsChanged;
        }
        String request = rebuildRequest(build);
        return request == null || request.equals(build.status().lastHandledRebuildAt()) ? null : Cause.Requested;
    }

    ImageBuildStatus start(ObservedBuild build, Cause cause) {
        ImageBuildStatus status = build.status();
        Run last = status.run();
        Run run = RunUpdates.started(
                last == null ? 1 : last.number() + 1, cause, InputHash.of(build.spec()), build.now());
        List<PlatformStatus> pending = RequestedPlatforms.of(build.spec()).stream()
                .map(PlatformUpdates::unassigned)
                .toList();
        String request = rebuildRequest(build);
        ImageBuildStatus started =
                StatusUpdates.started(status, run, pending, request == null ? status.lastHandledRebuildAt() : request);
        return build.spec().source().git() == null ? building(build, started, run, null) : started;
    }

    /** Records the commit and the pods to create; or that the published image is the one of these inputs already. */
    ImageBuildStatus building(ObservedBuild build, ImageBuildStatus status, Run run, @Nullable String commit) {
        String specHash = Objects.requireNonNull(run.specHash(), "specHash");
        Run resolved = RunUpdates.resolved(run, InputHash.resolved(specHash, commit), commit);
        if (resolved.cause() == Cause.InputsChanged && isPublished(build, status, resolved)) {
            String message = "Nothing to build: " + status.image() + " was built from the same inputs.";
            return StatusUpdates.with(status, RunUpdates.succeeded(resolved, build.now(), message), List.of(), null);
        }
        List<PlatformProgress.Step> steps = RequestedPlatforms.of(build.spec()).stream()
                .map(platform -> platforms.assigned(build, resolved.number(), platform, 1))
                .toList();
        return BuildingProgress.settled(build, status, resolved, steps);
    }

    private static boolean isPublished(ObservedBuild build, ImageBuildStatus status, Run run) {
        return status.image() != null
                && Objects.equals(run.inputHash(), status.imageInputHash())
                && Set.copyOf(Republishing.wantedTags(build)).equals(Set.copyOf(Republishing.publishedTags(status)));
    }

    private static @Nullable String rebuildRequest(ObservedBuild build) {
        String token = build.annotations().get(ImageBuild.REBUILD_ANNOTATION);
        return token == null || token.isBlank() ? null : token;
    }
}
