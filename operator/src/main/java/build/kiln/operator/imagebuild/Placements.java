package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.PlacementSettings.Mode;
import build.kiln.api.v1alpha1.WorkerSettings;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.placement.NodeView;
import build.kiln.operator.placement.PlacementDecision;
import build.kiln.operator.placement.PlacementPolicy;
import build.kiln.operator.placement.PlacementRequest;
import build.kiln.operator.placement.ProfilePlacement;
import build.kiln.operator.preflight.Experience;
import build.kiln.operator.preflight.NodeSoftware;
import build.kiln.operator.preflight.ProfileKnowledge;
import build.kiln.operator.preflight.ProfileWish;
import build.kiln.operator.worker.WorkerResources;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Where and with which profile the platforms of a build may be built, as its spec and the nodes are now. Pure. */
final class Placements {
    private final ProfilePlacement policy;
    private final OperatorConfiguration configuration;

    Placements(OperatorConfiguration configuration) {
        this.configuration = configuration;
        this.policy = new ProfilePlacement(new PlacementPolicy(longestWait()));
    }

    /**
     * @param build as its run sees it
     * @param memoryFactor by how much the memory of the pod is multiplied; null for not at all
     * @param waited how long the platform has waited for a native node in its run; null when it has not
     */
    PlacementDecision of(
            ObservedBuild build, String platform, @Nullable String memoryFactor, @Nullable Duration waited) {
        PlacementRequest request = request(build, platform, memoryFactor, waited);
        PlacementDecision informed = place(build, request, build.preflight().others());
        // What others met is no reason to fail: somebody may have mended it since.
        return informed instanceof PlacementDecision.Unsupported ? place(build, request, List.of()) : informed;
    }

    /** On which nodes a platform may be built. */
    Mode mode(ObservedBuild build, String platform) {
        return request(build, platform, null, null).mode();
    }

    private PlacementRequest request(
            ObservedBuild build, String platform, @Nullable String memoryFactor, @Nullable Duration waited) {
        return PlacementRequest.of(
                build.spec(),
                platform,
                configuration.placement(),
                WorkerResources.requests(configuration.worker().resources(), build.spec(), platform, memoryFactor),
                waited);
    }

    private PlacementDecision place(ObservedBuild build, PlacementRequest request, List<Experience> others) {
        Map<String, NodeSoftware> software =
                build.nodes().stream().collect(Collectors.toMap(NodeView::name, NodeView::software, (a, _) -> a));
        return policy.place(
                request,
                build.nodes(),
                wish(build),
                ProfileKnowledge.of(software, build.preflight().ofRun(), others));
    }

    private ProfileWish wish(ObservedBuild build) {
        WorkerSettings settings = build.spec().worker();
        return ProfileWish.of(
                settings == null || settings.profile() == null
                        ? configuration.worker().profile()
                        : settings.profile(),
                build.preflight().podSecurity());
    }

    /** The longest time that a pod waits for a node, whichever. */
    final Duration longestWait() {
        return configuration.worker().startTimeout();
    }
}
