package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.FailureReason;
import java.util.Optional;

/** Tells apart why a registry did not take or give an image, by the error that BuildKit passes on. */
final class RegistryFailure {
    private RegistryFailure() {}

    static Diagnosis ofPush(BuildRequest request, RegistryCredentials credentials, String error) {
        String said = withoutAddress(error);
        String repository = request.output().repository();
        String host = RegistryHost.ofReference(repository);
        if (isMissing(said)) {
            return Diagnosis.of(
                    FailureReason.RegistryRepositoryMissing,
                    "The repository " + repository + " does not exist and the registry does not create it: " + said
                            + ". Create it first, or correct spec.output.image.");
        }
        if (isRefused(said)) {
            return refused(credentials, host, "push to " + repository, said);
        }
        if (FailureClassifier.contains(said, "invalid reference format")) {
            return Diagnosis.of(
                    FailureReason.InvalidSpec,
                    "\"" + repository + "\" is not the name of a repository: " + said + ". Correct spec.output.image.");
        }
        return Diagnosis.of(
                isFinal(said) ? FailureReason.PushRefused : FailureReason.PushFailed,
                "Pushing to " + repository + " failed: " + said + "." + hint(said));
    }

    static Diagnosis refusedPull(RegistryCredentials credentials, String image, String at) {
        return refused(credentials, RegistryHost.ofReference(image), "pull " + image + at, "");
    }

    static boolean isRefused(String message) {
        return FailureClassifier.contains(
                        message,
                        "401 unauthorized",
                        "403 forbidden",
                        "insufficient_scope",
                        "authorization failed",
                        "failed to authorize",
                        "failed to fetch oauth token",
                        "failed to fetch anonymous token",
                        "no basic auth credentials",
                        "access denied",
                        "authentication required",
                        ": denied",
                        "unauthorized")
                || FailureClassifier.contains(message + "$", "denied$")
                || message.startsWith("denied");
    }

    /** Whether the same request may succeed in a while. */
    static boolean isTransient(String message) {
        return FailureClassifier.contains(
                message,
                "connection refused",
                "connection reset",
                "broken pipe",
                "timeout",
                "deadline exceeded",
                "no such host",
                "name resolution",
                "server misbehaving",
                "no route to host",
                "network is unreachable",
                "unexpected eof",
                ": eof",
                "429 too many",
                "toomanyrequests",
                "500 internal server",
                "502 bad gateway",
                "503 service unavailable",
                "504 gateway");
    }

    /** Whether the registry, or what is known of it, has to change first; what nobody knows is tried again. */
    private static boolean isFinal(String message) {
        return !isTransient(message)
                && (!hint(message).isEmpty()
                        || FailureClassifier.contains(
                                message,
                                "quota",
                                "immutable",
                                "400 bad request",
                                "405 method not allowed",
                                "409 conflict",
                                "413 request entity too large",
                                "413 payload too large"));
    }

    private static boolean isMissing(String message) {
        return FailureClassifier.contains(
                message,
                "name_unknown",
                "name unknown",
                "repository name not known",
                "does not exist in the registry",
                "repository does not exist:",
                "project not found");
    }

    private static Diagnosis refused(RegistryCredentials credentials, String host, String what, String said) {
        Optional<Integer> secret = credentials.secretFor(host);
        String cause = said.isEmpty() ? "" : " (" + said + ")";
        String text = secret.isPresent()
                ? "The registry " + host + " refused the credentials to " + what + cause
                        + ". Check user name, password and rights in the registry Secret."
                : "The registry " + host + " wants credentials to " + what + cause
                        + ", and no registry Secret has any for it. Add one to spec.registryCredentials.";
        return Diagnosis.ofRegistrySecret(FailureReason.RegistryAuthFailed, text, secret.orElse(null));
    }

    /** Without the address of the request, which is long and BuildKit's own affair. */
    private static String withoutAddress(String error) {
        boolean ofRequest = error.startsWith("failed to do request: ") || error.startsWith("unexpected status from ");
        int address = ofRequest ? error.indexOf("://") : -1;
        int end = address < 0 ? -1 : error.indexOf(": ", address);
        return end < 0 ? error : error.substring(end + 2);
    }

    private static String hint(String message) {
        if (FailureClassifier.contains(message, "server gave http response to https client")) {
            return " The registry speaks plain HTTP: list it with insecure: true in Kiln's registries.";
        }
        if (FailureClassifier.contains(message, "x509", "certificate")) {
            return " The registry's certificate is not trusted: give its authority as ca in Kiln's registries.";
        }
        if (FailureClassifier.contains(message, "400 bad request")) {
            return " Check whether Kiln's registries have the registry as plain HTTP although it speaks TLS.";
        }
        return "";
    }
}
