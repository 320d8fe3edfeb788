package build.kiln.operator.failure;

/** What comes after a failure, unless the limit of tries is reached. */
public enum NextStep {
    /** Nothing: somebody has to change something first. */
    Fail,
    /** The same again after a pause, which grows. */
    RetryAfterBackOff,
    /** The same again, but only if this has not happened before in the run. */
    RetryOnce,
    /** Once more with more memory, if the spec says by how much; else nothing. */
    RetryWithMoreMemory,
    /** The same again at regular intervals for as long as a pod may take to start. */
    WaitForCapacity
}
