package build.kiln.operator.simulation;

import build.kiln.operator.credentials.CredentialResult;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfCredentials;
import build.kiln.operator.failure.Evidence.OfRegistry;
import build.kiln.operator.failure.Evidence.OfSource;
import build.kiln.operator.publish.ImageResolution;
import build.kiln.operator.publish.PublishOutcome;
import build.kiln.operator.source.Resolution;

/** What servers answer that do not work. */
final class Answers {
    private Answers() {}

    static Resolution unresolved() {
        return new Resolution.Unresolved(Diagnosis.of(OfSource.UNREACHABLE, "the git server does not answer"));
    }

    static PublishOutcome unpublished() {
        return new PublishOutcome.Unpublished(registryDown());
    }

    static ImageResolution unresolvedImage() {
        return new ImageResolution.Unresolved("the registry answers 503");
    }

    static CredentialResult missingSecret() {
        return new CredentialResult.Unavailable(
                Diagnosis.of(OfCredentials.SECRET_MISSING, "there is no Secret of that name"));
    }

    private static Diagnosis registryDown() {
        return Diagnosis.of(OfRegistry.UNAVAILABLE, "the registry answers 503");
    }
}
