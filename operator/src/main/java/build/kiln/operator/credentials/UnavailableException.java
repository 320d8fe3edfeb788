package build.kiln.operator.credentials;

import build.kiln.api.v1alpha1.FailureReason;

/** Carries an {@link CredentialResult.Unavailable} out of the reading of several objects. */
final class UnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient CredentialResult.Unavailable unavailable;

    UnavailableException(FailureReason reason, String message) {
        super(message);
        this.unavailable = new CredentialResult.Unavailable(reason, message);
    }

    CredentialResult.Unavailable unavailable() {
        return unavailable;
    }
}
