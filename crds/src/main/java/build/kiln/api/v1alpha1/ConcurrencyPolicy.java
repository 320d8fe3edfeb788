package build.kiln.api.v1alpha1;

/** What happens to a run that is under way when a newer one has to start. */
public enum ConcurrencyPolicy {
    /** It is cancelled. */
    Replace,

    /** It is finished first; of the runs that wait, only the newest starts. */
    Queue
}
