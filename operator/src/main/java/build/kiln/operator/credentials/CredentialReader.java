package build.kiln.operator.credentials;

import build.kiln.api.v1alpha1.ImageBuild;

/** Reads what an ImageBuild names: Secrets and the ServiceAccount of its own namespace, by name only. */
public interface CredentialReader {
    /** Reads and checks everything the build needs; blocking, bounded by the client's request timeout. */
    CredentialResult read(ImageBuild build);
}
