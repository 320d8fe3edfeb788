package build.kiln.operator.source;

import build.kiln.operator.failure.Diagnosis;

/** What a revision stands for. */
public sealed interface Resolution {
    /**
     * @param commit full object id in lower-case hexadecimal
     */
    record Resolved(String commit) implements Resolution {}

    /**
     * @param diagnosis what it means
     */
    record Unresolved(Diagnosis diagnosis) implements Resolution {}
}
