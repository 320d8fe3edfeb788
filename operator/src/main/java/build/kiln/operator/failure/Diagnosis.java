package build.kiln.operator.failure;

import build.kiln.api.v1alpha1.FailureReason;

/**
 * What a failure means.
 *
 * @param reason for {@code status}
 * @param failureClass whose affair it is
 * @param next what comes next
 * @param message what, where and what to do now, for people
 */
public record Diagnosis(FailureReason reason, FailureClass failureClass, NextStep next, String message) {
    /** What this evidence means. */
    public static Diagnosis of(Evidence evidence, String message) {
        return FailureTable.row(evidence).with(message);
    }

    /** The same, told in other words. */
    public Diagnosis with(String newMessage) {
        return new Diagnosis(reason, failureClass, next, newMessage);
    }

    /** Whether waiting and trying again may help without anybody changing anything. */
    public boolean isWorthWaiting() {
        return switch (next) {
            case RetryAfterBackOff, RetryOnce, WaitForCapacity -> true;
            case Fail, RetryWithMoreMemory -> false;
        };
    }
}
