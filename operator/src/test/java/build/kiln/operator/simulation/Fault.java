package build.kiln.operator.simulation;

/** What can go wrong in a world. Each world is troubled by some of them only, so that rare combinations come up. */
enum Fault {
    /** The API server answers 409, 429 or 500 and does nothing. */
    REFUSED_CALLS,
    /** A call gets no answer, and may have had its effect. */
    LOST_ANSWERS,
    /** A call gets no answer, and has its effect later. */
    LATE_WRITES,
    /** What was just written is not in the cache until the watch brings it. */
    STALE_READS,
    /** A watch breaks; what happened in between is seen only as the state that it led to. */
    RELISTS,
    /** The operator is killed and starts again. */
    CRASHES,
    /** Two operators work at the same time. */
    TWO_OPERATORS,
    /** An operator stands still for minutes, in the middle of what it does; another one takes over meanwhile. */
    FREEZES,
    /** The API server does not answer for a while. */
    API_OUTAGES,
    /** The clock of the operator's node jumps, forward or back. */
    CLOCK_JUMPS,
    /** A node stops, its pods with it. */
    NODE_LOSSES,
    /** Nodes are cordoned, used up by other pods, deleted, and come again. */
    SCARCE_NODES,
    /** Pods are evicted. */
    EVICTIONS,
    /** Somebody deletes pods. */
    POD_DELETIONS,
    /** Workers die, run out of memory, hang. */
    WORKER_FAILURES,
    /** The registry answers 503. */
    REGISTRY_FAILURES,
    /** The registry removes manifests without a tag. */
    REGISTRY_COLLECTIONS,
    /** The git server does not answer. */
    GIT_FAILURES,
    /** The namespace's quota is used up. */
    QUOTAS,
    /** A Secret is not there yet. */
    MISSING_SECRETS,
    /** Users delete builds, and create others of the same name. */
    DELETIONS,
    /** Kubelets cannot give pods their volumes or network for a long time, and say so in events, which may be gone. */
    HELD_UP_STARTS
}
