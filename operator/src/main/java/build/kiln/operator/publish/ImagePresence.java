package build.kiln.operator.publish;

import build.kiln.api.v1alpha1.FailureReason;

/** Whether an image is in its registry. */
public sealed interface ImagePresence {
    /** It is there, and so is every manifest that it lists. */
    record Complete() implements ImagePresence {}

    /**
     * It is not there, or something that it lists is not.
     *
     * @param message what is missing
     */
    record Incomplete(String message) implements ImagePresence {}

    /**
     * The registry did not say.
     *
     * @param reason for {@code status}
     * @param message what, where and what to do now
     * @param worthRetrying whether the same call may succeed later without anybody changing anything
     */
    record Unknown(FailureReason reason, String message, boolean worthRetrying) implements ImagePresence {}
}
