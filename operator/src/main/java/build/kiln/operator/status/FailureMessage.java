package build.kiln.operator.status;

import build.kiln.api.v1alpha1.PlatformStatus;
import java.util.Objects;

/** Why a platform failed, and the command that shows more. */
public final class FailureMessage {
    private static final int LONGEST_CAUSE = 400;

    private FailureMessage() {}

    /** Two lines at most: the cause and what to do about it; then how to start another run. */
    public static String of(BuildIdentity identity, String cause, int tries) {
        String after = tries == 1 ? "" : " (" + tries + " tries)";
        String bounded = MessageText.bounded(cause) + after;
        String start = bounded.contains("\n") ? "; then: " : "\nOnce that is mended: ";
        return bounded + start + Commands.rebuild(identity);
    }

    /** Two lines: what was cancelled and why, and how to start another run. */
    public static String cancelled(BuildIdentity identity, String cause) {
        return MessageText.bounded(cause + "\nTo build again: " + Commands.rebuild(identity));
    }

    /** Two lines at most: the platform and the cause; the command, when there is a pod to look at. */
    public static String of(BuildIdentity identity, PlatformStatus platform) {
        String cause = MessageText.oneLine(Objects.requireNonNullElse(platform.message(), "failed"));
        String first = platform.platform() + ": "
                + (cause.length() > LONGEST_CAUSE ? cause.substring(0, LONGEST_CAUSE) + "..." : cause);
        String pod = platform.podName();
        if (pod == null) {
            return first;
        }
        return first + "\n"
                + (platform.startTime() == null ? Commands.describe(identity, pod) : Commands.log(identity, pod));
    }
}
