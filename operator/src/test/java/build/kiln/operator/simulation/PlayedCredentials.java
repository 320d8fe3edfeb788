package build.kiln.operator.simulation;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.operator.credentials.CredentialReader;
import build.kiln.operator.credentials.CredentialResult;

/** Secrets, which may come a moment after the build. */
record PlayedCredentials(World world) implements CredentialReader {
    @Override
    public CredentialResult read(ImageBuild build) {
        world.pause();
        if (world.apiIsDown()) {
            throw MemoryApiServer.answer(0, "connection refused");
        }
        return world.strikes(Fault.MISSING_SECRETS, 20) ? Answers.missingSecret() : BuildCredentials.none();
    }
}
