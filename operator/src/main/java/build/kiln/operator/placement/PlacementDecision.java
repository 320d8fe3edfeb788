package build.kiln.operator.placement;

import java.util.List;

/** Whether and where a platform can be built. */
public sealed interface PlacementDecision permits Placement, PlacementDecision.Refused {
    /**
     * Kiln has neither nodes nor an emulator for the platform.
     *
     * @param possible the platforms there are; variants of them are possible too
     */
    record Refused(List<String> possible) implements PlacementDecision {
        public Refused {
            possible = List.copyOf(possible);
        }
    }
}
