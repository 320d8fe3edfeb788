package build.kiln.worker;

import build.kiln.protocol.FailureReason;

/** The build cannot start or go on; carries what the result will say. */
final class BuildFailedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Diagnosis diagnosis;

    BuildFailedException(Diagnosis diagnosis) {
        super(diagnosis.message());
        this.diagnosis = diagnosis;
    }

    BuildFailedException(FailureReason reason, String message) {
        this(Diagnosis.of(reason, message));
    }

    Diagnosis diagnosis() {
        return diagnosis;
    }
}
