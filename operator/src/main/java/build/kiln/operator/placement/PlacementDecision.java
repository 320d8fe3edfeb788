package build.kiln.operator.placement;

import build.kiln.operator.preflight.Symptom;

/** Whether and where a platform can be built. */
public sealed interface PlacementDecision permits Placement, PlacementDecision.Refused, PlacementDecision.Unsupported {
    /**
     * Kiln can never build the platform that way.
     *
     * @param message names the field, the platform, and what to write instead
     */
    record Refused(String message) implements PlacementDecision {}

    /**
     * No node that would take the pod can run a worker of a profile that it may have.
     *
     * @param symptom what stands against the profile of the first choice
     * @param message says what, where, and what to do now
     */
    record Unsupported(Symptom symptom, String message) implements PlacementDecision {}
}
