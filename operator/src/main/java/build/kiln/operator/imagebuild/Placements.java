package build.kiln.operator.imagebuild;

import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.placement.PlacementDecision;
import build.kiln.operator.placement.PlacementPolicy;
import build.kiln.operator.placement.PlacementRequest;
import build.kiln.operator.worker.WorkerResources;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Where the platforms of a build may be built, as its spec and the nodes are now. Pure. */
final class Placements {
    private final PlacementPolicy policy;
    private final OperatorConfiguration configuration;

    Placements(OperatorConfiguration configuration) {
        this.configuration = configuration;
        this.policy = new PlacementPolicy(longestWait());
    }

    /**
     * @param build as its run sees it
     * @param memoryFactor by how much the memory of the pod is multiplied; null for not at all
     * @param waited how long the platform has waited for a native node in its run; null when it has not
     */
    PlacementDecision of(
            ObservedBuild build, String platform, @Nullable String memoryFactor, @Nullable Duration waited) {
        return policy.place(
                PlacementRequest.of(
                        build.spec(),
                        platform,
                        configuration.placement(),
                        WorkerResources.requests(
                                configuration.worker().resources(), build.spec(), platform, memoryFactor),
                        waited),
                build.nodes());
    }

    /** The longest time that a pod waits for a node, whichever. */
    final Duration longestWait() {
        return configuration.worker().startTimeout();
    }
}
