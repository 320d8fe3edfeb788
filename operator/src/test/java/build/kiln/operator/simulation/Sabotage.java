package build.kiln.operator.simulation;

/** Mistakes that are built in on purpose: a simulation that does not notice them is worth nothing. */
enum Sabotage {
    NONE,
    /** Status is written whatever happened to the object since it was read. */
    WRITES_WITHOUT_LOCK,
    /** A pod's name does not say what it is. */
    RANDOM_POD_NAMES,
    /** Pods are never deleted. */
    PODS_STAY,
    /** Tags are written without a look at the platforms. */
    PUBLISHES_BLINDLY,
    /** A timer that is set never fires. */
    NO_TIMERS
}
