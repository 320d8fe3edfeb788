package build.kiln.operator.publish;

import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfRegistry;
import build.kiln.registry.http.RegistryException;

/** What a registry's failure means for a build. */
final class RegistryFailures {
    private RegistryFailures() {}

    /** What it means. */
    static Diagnosis diagnosis(RegistryException failure) {
        return Diagnosis.of(evidence(failure), message(failure));
    }

    private static OfRegistry evidence(RegistryException failure) {
        return switch (failure) {
            case RegistryException.Unauthorized _, RegistryException.Forbidden _ -> OfRegistry.ACCESS_REFUSED;
            case RegistryException.NotFound missing when missing.isRepositoryMissing() -> OfRegistry.REPOSITORY_MISSING;
            case RegistryException.PlatformsMissing _ -> OfRegistry.IMAGE_MISSING;
            case RegistryException.NotFound _,
                    RegistryException.TagImmutable _,
                    RegistryException.Rejected _,
                    RegistryException.RateLimited _,
                    RegistryException.Unavailable _,
                    RegistryException.Unreachable _,
                    RegistryException.Untrusted _,
                    RegistryException.InvalidContent _,
                    RegistryException.DeadlineExceeded _,
                    RegistryException.Interrupted _ ->
                failure.isRetryable() ? OfRegistry.UNAVAILABLE : OfRegistry.REFUSED;
        };
    }

    /** What went wrong and, where the registry's own words do not say it, what to do now. */
    static String message(RegistryException failure) {
        return failure.getMessage() + advice(failure);
    }

    private static String advice(RegistryException failure) {
        return switch (failure) {
            case RegistryException.Unauthorized _ ->
                ".\nCorrect the Secret, or add one to spec.registryCredentials that may push to spec.output.image.";
            case RegistryException.Forbidden _ ->
                ".\nGive the account of these credentials the right to push to spec.output.image.";
            case RegistryException.NotFound missing
            when missing.isRepositoryMissing() ->
                ".\nCreate the repository in the registry: it does not do so on the first push.";
            case RegistryException.PlatformsMissing _ ->
                ".\nA clean-up of untagged images may have removed it; see docs/registries.md.";
            case RegistryException.TagImmutable _ ->
                ".\nChoose another tag in spec.output.tags, or let the registry overwrite this one.";
            case RegistryException.Untrusted _ ->
                ".\nAdd the registry's CA, or insecure: true for plain HTTP, to registries in the values of Kiln's chart.";
            case RegistryException.Unreachable _ ->
                ".\nCheck spec.output.image, and that pods of this cluster can reach the registry.";
            case RegistryException.NotFound _,
                    RegistryException.Rejected _,
                    RegistryException.RateLimited _,
                    RegistryException.Unavailable _,
                    RegistryException.InvalidContent _,
                    RegistryException.DeadlineExceeded _,
                    RegistryException.Interrupted _ -> "";
        };
    }
}
