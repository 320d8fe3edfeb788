package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.CrossCompiling;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.PlacementSettings;
import build.kiln.api.v1alpha1.PlacementSettings.Mode;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Strategy;
import build.kiln.api.v1alpha1.StrategyReason;
import build.kiln.operator.placement.Placement;
import build.kiln.operator.placement.PlacementPolicy;
import build.kiln.operator.placement.RequestedPlatforms;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides in how many pods a run builds its platforms. Auto goes by what the last run found out, so that no build waits for an
 * answer: one that is out of date costs time and never the image. Pure.
 */
final class StrategyPolicy {
    private final Placements placements;

    StrategyPolicy(Placements placements) {
        this.placements = placements;
    }

    /**
     * @param build as its run sees it
     * @param known what an earlier run found out; null when none did
     */
    StrategyDecision decide(ObservedBuild build, @Nullable CrossCompiling known) {
        if (RequestedPlatforms.of(build.spec()).size() == 1) {
            return perPlatform(StrategyReason.OnePlatform);
        }
        return switch (Objects.requireNonNullElse(build.spec().strategy(), Strategy.Auto)) {
            case PerPlatform -> perPlatform(StrategyReason.Requested);
            case SinglePod ->
                conflict(build)
                        .<StrategyDecision>map(StrategyDecision.Refused::new)
                        .orElseGet(() -> singlePod(build, StrategyReason.Requested));
            case Auto ->
                switch (known == null ? CrossCompiling.Answer.Unknown : known.answer()) {
                    case Unknown -> perPlatform(StrategyReason.NotKnown);
                    case No -> perPlatform(StrategyReason.NotCrossCompiling);
                    case Yes ->
                        hasOwnPlacements(build.spec()) || conflict(build).isPresent()
                                ? perPlatform(StrategyReason.OwnPlacement)
                                : singlePod(build, StrategyReason.CrossCompiles);
                };
        };
    }

    private static StrategyDecision perPlatform(StrategyReason reason) {
        return new StrategyDecision.Chosen(Strategy.PerPlatform, reason, null);
    }

    private StrategyDecision singlePod(ObservedBuild build, StrategyReason reason) {
        return new StrategyDecision.Chosen(Strategy.SinglePod, reason, lead(build));
    }

    /** One that may be nowhere but on its own nodes, else the first one that can be native now. */
    private String lead(ObservedBuild build) {
        List<String> platforms = RequestedPlatforms.of(build.spec());
        return platforms.stream()
                .filter(platform -> placements.mode(build, platform) == Mode.Native)
                .findFirst()
                .or(() -> platforms.stream()
                        .filter(platform -> isNativeNow(build, platform))
                        .findFirst())
                .orElseGet(platforms::getFirst);
    }

    private boolean isNativeNow(ObservedBuild build, String platform) {
        return placements.of(build, platform, null, null) instanceof Placement placement
                && placement.mode() == PlatformStatus.Mode.Native
                && placement.reason().equals(Placement.NATIVE_NODE);
    }

    /** Why no node can be what placement asks for every platform. */
    private Optional<String> conflict(ObservedBuild build) {
        List<String> platforms = RequestedPlatforms.of(build.spec());
        List<String> natives = ofMode(build, platforms, Mode.Native);
        List<String> emulated = ofMode(build, platforms, Mode.Emulated);
        boolean any = PlacementPolicy.IMAGE_ARCHITECTURES.stream()
                .anyMatch(node -> natives.stream()
                                .allMatch(platform -> RequestedPlatforms.architecture(platform)
                                        .equals(node))
                        && emulated.stream()
                                .noneMatch(platform -> RequestedPlatforms.architecture(platform)
                                        .equals(node)));
        if (any) {
            return Optional.empty();
        }
        String wanted = Stream.of(mode(Mode.Native, natives), mode(Mode.Emulated, emulated))
                .filter(text -> !text.isEmpty())
                .collect(Collectors.joining(" and "));
        return Optional.of(
                "spec.strategy: SinglePod builds all platforms on one node, and no node is what spec.placement"
                        + " asks for: " + wanted + "; write mode: Auto for some of them in placement.platforms, or"
                        + " strategy: PerPlatform");
    }

    private static String mode(Mode mode, List<String> platforms) {
        return platforms.isEmpty() ? "" : mode + " for " + String.join(", ", platforms);
    }

    private List<String> ofMode(ObservedBuild build, List<String> platforms, Mode mode) {
        return platforms.stream()
                .filter(platform -> placements.mode(build, platform) == mode)
                .toList();
    }

    /** What is said of one platform alone would count for all of them, or for none. */
    private static boolean hasOwnPlacements(ImageBuildSpec spec) {
        PlacementSettings placement = spec.placement();
        Set<String> platforms = Set.copyOf(RequestedPlatforms.of(spec));
        return placement != null
                && placement.platforms() != null
                && placement.platforms().stream()
                        .filter(one -> platforms.contains(one.platform()))
                        .anyMatch(one ->
                                one.nodeSelector() != null || one.tolerations() != null || one.resources() != null);
    }
}
