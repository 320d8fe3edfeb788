package build.kiln.operator.admission;

/** Whether a platform may start now. */
public sealed interface AdmissionVerdict {
    /**
     * It may.
     *
     * @param outOfTurn because it has waited for too long, before others whose turn it is
     */
    record Start(boolean outOfTurn) implements AdmissionVerdict {}

    /**
     * It may not.
     *
     * @param limit that is reached
     * @param most platforms that the limit allows
     * @param position in the queue of those who wait for the same, from 1
     */
    record Wait(Limit limit, int most, int position) implements AdmissionVerdict {}

    /** What a limit is about. */
    enum Limit {
        Namespace,
        Platform,
        Cluster
    }
}
