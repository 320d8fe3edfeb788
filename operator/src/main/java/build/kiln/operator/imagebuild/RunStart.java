package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.HistoryEntry;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.ReusePolicy;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.operator.placement.RequestedPlatforms;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is recorded when a run starts, and when its commit is known. */
final class RunStart {
    private final PlatformProgress platforms;
    private final StrategyPolicy strategies;

    RunStart(PlatformProgress platforms, StrategyPolicy strategies) {
        this.platforms = platforms;
        this.strategies = strategies;
    }

    ImageBuildStatus start(ObservedBuild build, Cause cause) {
        Run last = build.status().run();
        Run run = RunUpdates.started(last == null ? 1 : last.number() + 1, cause, build.spec(), build.now());
        List<PlatformStatus> pending = RequestedPlatforms.of(build.spec()).stream()
                .map(PlatformUpdates::unassigned)
                .toList();
        ImageBuildStatus started = StatusUpdates.started(build, run, pending);
        return build.spec().source().git() == null ? building(build, started, run, null) : started;
    }

    /** Records the commit and the pods to create; or the earlier run that built the same inputs. */
    ImageBuildStatus building(ObservedBuild build, ImageBuildStatus status, Run run, @Nullable String commit) {
        String specHash = Objects.requireNonNull(run.specHash(), "specHash");
        Run resolved = RunUpdates.resolved(run, InputHash.resolved(specHash, commit), commit);
        Optional<HistoryEntry> earlier = reusable(build, status, resolved);
        return earlier.isPresent()
                ? StatusUpdates.with(
                        status, RunUpdates.reusing(resolved, earlier.get().run()), List.of(), null)
                : assigned(build, status, resolved);
    }

    /** The image that was to be used again is gone. */
    ImageBuildStatus builtAfterAll(ObservedBuild build, Run run) {
        return assigned(build, build.status(), RunUpdates.builtAfterAll(run));
    }

    private ImageBuildStatus assigned(ObservedBuild build, ImageBuildStatus status, Run run) {
        ImageBuildStatus unread = ImageBuildStatusBuilder.builder(status)
                .baseImages(null)
                .refusals(Refusals.fresh(build))
                .build();
        ObservedBuild fresh = build.ofNewRun();
        return switch (strategies.decide(fresh, status.crossCompiling())) {
            case StrategyDecision.Refused refused ->
                BuildingProgress.settled(build, unread, run, refused(build, refused.message()));
            case StrategyDecision.Chosen chosen ->
                BuildingProgress.settled(build, unread, RunUpdates.planned(run, chosen), steps(fresh, run, chosen));
        };
    }

    private List<PlatformProgress.Step> steps(ObservedBuild build, Run run, StrategyDecision.Chosen chosen) {
        List<String> requested = RequestedPlatforms.of(build.spec());
        String lead = chosen.lead();
        if (lead == null) {
            return requested.stream()
                    .map(platform -> platforms.assigned(build, run.number(), platform, 1))
                    .toList();
        }
        List<PlatformStatus> unassigned =
                requested.stream().map(PlatformUpdates::unassigned).toList();
        PlatformProgress.Step step = requested.stream()
                .flatMap(platform -> platforms.refusal(build, platform).stream())
                .findFirst()
                .orElseGet(() -> platforms.assigned(build, run.number(), lead, 1));
        return SinglePod.steps(build, run.number(), unassigned, step);
    }

    private static List<PlatformProgress.Step> refused(ObservedBuild build, String message) {
        List<String> requested = RequestedPlatforms.of(build.spec());
        List<PlatformStatus> unassigned =
                requested.stream().map(PlatformUpdates::unassigned).toList();
        int run = 0; // no pod is looked for
        return SinglePod.steps(build, run, unassigned, PlatformProgress.refused(build, requested.getFirst(), message));
    }

    /** A run that was asked for, or that is to take in newer base images, builds in any case. */
    private static Optional<HistoryEntry> reusable(ObservedBuild build, ImageBuildStatus status, Run run) {
        boolean mayReuse = build.spec().reusePolicy() != ReusePolicy.Never
                && !Polling.polls(build.spec().baseImages());
        return mayReuse && isAboutInputs(run) ? History.ofInputs(status, run.inputHash()) : Optional.empty();
    }

    private static boolean isAboutInputs(Run run) {
        return switch (Objects.requireNonNullElse(run.cause(), Cause.Initial)) {
            case InputsChanged, SourceMoved -> true;
            case Initial, Requested, Scheduled, BaseImageMoved -> false;
        };
    }
}
