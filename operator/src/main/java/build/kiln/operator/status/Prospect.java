package build.kiln.operator.status;

import build.kiln.api.v1alpha1.Run.Cause;

/** What the conditions have to tell besides how far the last run has come. */
public sealed interface Prospect {
    /** Nothing: the last run, finished or under way, is of this spec. */
    record Settled() implements Prospect {}

    /**
     * A run has to start as soon as it may.
     *
     * @param cause why
     */
    record Due(Cause cause) implements Prospect {}

    /**
     * A run would start if the build were not suspended.
     *
     * @param cause why
     */
    record Suspended(Cause cause) implements Prospect {}

    /**
     * No run can start with this spec.
     *
     * @param message which field, and what to write instead
     */
    record Invalid(String message) implements Prospect {}
}
