package build.kiln.operator.credentials;

import build.kiln.api.v1alpha1.FailureReason;

/** What came of reading a build's credentials. */
public sealed interface CredentialResult permits BuildCredentials, CredentialResult.Unavailable {
    /**
     * Something that the spec names is not there or not of the right kind.
     *
     * @param reason {@code MissingSecret}, or {@code InvalidSpec} for a missing ServiceAccount
     * @param message the field, the Secret, the key, and the command that creates it
     */
    record Unavailable(FailureReason reason, String message) implements CredentialResult {}
}
