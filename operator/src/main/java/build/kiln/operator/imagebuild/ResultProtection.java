package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.PlatformStatusBuilder;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.publish.PlatformResult;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Which results need a temporary tag, or need it no more. Registries may remove manifests without a tag, and a platform that
 * has succeeded may wait long for the others. That a tag was asked for is recorded after the act, which is repeatable.
 */
final class ResultProtection {
    /** Platforms that end soon after each other are published before any registry cleans up. */
    static final Duration DELAY = Duration.ofSeconds(10);

    private ResultProtection() {}

    /** Results of a run under way that shall get a temporary tag now. */
    static List<PlatformResult> due(ObservedBuild build) {
        return results(
                build.status(),
                platform -> isUnprotected(platform) && !build.now().isBefore(dueTime(platform)));
    }

    /** When more results become due. */
    static List<Instant> dueTimes(ImageBuildStatus status) {
        return RunPlanner.platformsOf(status).stream()
                .filter(ResultProtection::isUnprotected)
                .map(ResultProtection::dueTime)
                .toList();
    }

    /** Results of an ended run that nothing will be made of any more. */
    static List<PlatformResult> useless(ImageBuildStatus status) {
        Run run = Objects.requireNonNull(status.run(), "a recorded status has a run");
        Phase phase = RunPlanner.phase(run);
        boolean complete =
                RunPlanner.platformsOf(status).stream().allMatch(platform -> platform.state() == State.Succeeded);
        boolean mayBePublishedLater = phase == Phase.Failed && complete;
        return phase.isFinal() && !mayBePublishedLater ? held(status) : List.of();
    }

    /** Results that may have a temporary tag. */
    static List<PlatformResult> held(ImageBuildStatus status) {
        return results(status, platform -> Boolean.TRUE.equals(platform.temporaryTag()));
    }

    static ImageBuildStatus protectedResults(ImageBuildStatus status, List<PlatformResult> results) {
        return with(status, results, true);
    }

    static ImageBuildStatus released(ImageBuildStatus status, List<PlatformResult> results) {
        return with(status, results, false);
    }

    private static ImageBuildStatus with(ImageBuildStatus status, List<PlatformResult> results, boolean tagged) {
        Set<String> names = results.stream().map(PlatformResult::platform).collect(Collectors.toSet());
        return ImageBuildStatusBuilder.builder(status)
                .platforms(RunPlanner.platformsOf(status).stream()
                        .map(platform -> names.contains(platform.platform())
                                ? PlatformStatusBuilder.builder(platform)
                                        .temporaryTag(tagged ? Boolean.TRUE : null)
                                        .build()
                                : platform)
                        .toList())
                .build();
    }

    private static boolean isUnprotected(PlatformStatus platform) {
        return platform.state() == State.Succeeded && platform.temporaryTag() == null;
    }

    private static Instant dueTime(PlatformStatus platform) {
        return Instant.parse(Objects.requireNonNull(platform.completionTime(), "completionTime"))
                .plus(DELAY);
    }

    /** What platforms pushed. */
    static List<PlatformResult> results(ImageBuildStatus status, Predicate<PlatformStatus> which) {
        return RunPlanner.platformsOf(status).stream()
                .filter(which)
                .map(platform -> {
                    PlatformStatus.Pushed pushed =
                            Objects.requireNonNull(platform.pushed(), "what a platform that succeeded pushed");
                    return new PlatformResult(platform.platform(), pushed.digest(), pushed.mediaType(), pushed.size());
                })
                .toList();
    }
}
