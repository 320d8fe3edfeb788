package build.kiln.operator.credentials;

import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfCredentials;

/** Carries an {@link CredentialResult.Unavailable} out of the reading of several objects. */
final class UnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient CredentialResult.Unavailable unavailable;

    UnavailableException(OfCredentials evidence, String message) {
        super(message);
        this.unavailable = new CredentialResult.Unavailable(Diagnosis.of(evidence, message));
    }

    CredentialResult.Unavailable unavailable() {
        return unavailable;
    }
}
