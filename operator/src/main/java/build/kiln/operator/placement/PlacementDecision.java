package build.kiln.operator.placement;

/** Whether and where a platform can be built. */
public sealed interface PlacementDecision permits Placement, PlacementDecision.Refused {
    /**
     * Kiln can never build the platform that way.
     *
     * @param message names the field, the platform, and what to write instead
     */
    record Refused(String message) implements PlacementDecision {}
}
