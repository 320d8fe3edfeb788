package build.kiln.api.v1alpha1;

/** Whether an image that was built before from the same inputs is used again. */
public enum ReusePolicy {
    /** When the registry still holds it, completely. */
    IfPresent,

    /** Every change of the inputs builds. */
    Never
}
