package build.kiln.operator.credentials;

import build.kiln.operator.failure.Diagnosis;

/** What came of reading a build's credentials. */
public sealed interface CredentialResult permits BuildCredentials, CredentialResult.Unavailable {
    /**
     * Something that the spec names is not there or not of the right kind.
     *
     * @param diagnosis what it means; the message has the field, the Secret, the key, and the command that creates it
     */
    record Unavailable(Diagnosis diagnosis) implements CredentialResult {}
}
