package build.kiln.operator.source;

import build.kiln.api.v1alpha1.FailureReason;

/** What a revision stands for. */
public sealed interface Resolution {
    /**
     * @param commit full object id in lower-case hexadecimal
     */
    record Resolved(String commit) implements Resolution {}

    /**
     * @param reason {@code SourceNotFound} or {@code SourceAuthFailed}
     * @param message what, where and what to do now
     * @param worthRetrying whether the same question may be answered later without anybody changing anything
     */
    record Unresolved(FailureReason reason, String message, boolean worthRetrying) implements Resolution {}
}
