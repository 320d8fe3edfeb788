package build.kiln.api.v1alpha1;

/** How many worker pods build the platforms of a run. */
public enum Strategy {
    /** One pod for all platforms when what is executed for them is known to be native on any node, else one for each. */
    Auto,

    /** One pod for each platform. */
    PerPlatform,

    /** One pod for all platforms. */
    SinglePod
}
