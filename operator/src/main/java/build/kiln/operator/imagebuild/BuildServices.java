package build.kiln.operator.imagebuild;

import build.kiln.operator.credentials.CredentialReader;
import build.kiln.operator.publish.Publication;
import build.kiln.operator.source.RevisionResolver;

/**
 * What a build needs from outside the cluster's pods.
 *
 * @param credentials reads the Secrets that a build names
 * @param revisions asks git servers
 * @param publication writes to registries
 */
public record BuildServices(CredentialReader credentials, RevisionResolver revisions, Publication publication) {}
