package build.kiln.operator.credentials;

import build.kiln.operator.failure.Evidence.OfCredentials;
import build.kiln.registry.image.InvalidReferenceException;
import build.kiln.registry.image.Repository;
import io.fabric8.kubernetes.api.model.Secret;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What to do about a Secret that is not as the spec says: the field, the Secret, the command. */
final class SecretAdvice {
    private static final int MOST_KEYS = 10;

    private final String namespace;
    private final String image;

    /**
     * @param image that is published, for its registry
     */
    SecretAdvice(String namespace, String image) {
        this.namespace = namespace;
        this.image = image;
    }

    UnavailableException missingRegistrySecret(String field, String name) {
        return missing(field + ": Secret " + namespace + "/" + name + " does not exist.\nCreate it: "
                + createRegistrySecret(name));
    }

    UnavailableException notRegistrySecret(String field, String name, String type) {
        return missing(field + ": Secret " + namespace + "/" + name + " is of type " + type + " and has no key \""
                + BuildCredentials.DockerConfig.KEY + "\".\n" + recreate(name));
    }

    /** Advice for a Secret with the right name and the wrong content. */
    String recreate(String name) {
        return "Delete it and create it as: " + createRegistrySecret(name);
    }

    UnavailableException missingBuildSecret(String field, String name, String key) {
        return missing(field + ": Secret " + namespace + "/" + name + " does not exist.\nCreate it: kubectl -n "
                + namespace + " create secret generic " + name + " --from-file=" + key + "=FILE");
    }

    UnavailableException missingCacheSecret(String field, String name, List<String> keys) {
        String literals = keys.stream()
                .map(key -> " --from-literal=" + key + "="
                        + key.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT))
                .collect(Collectors.joining());
        return missing(field + ": Secret " + namespace + "/" + name + " does not exist.\nCreate it: kubectl -n "
                + namespace + " create secret generic " + name + literals);
    }

    UnavailableException missingGitSecret(String field, String name) {
        return missing(field + ": Secret " + namespace + "/" + name + " does not exist.\nCreate it: kubectl -n "
                + namespace + " create secret generic " + name
                + " --type=kubernetes.io/basic-auth --from-literal=username=USER --from-literal=password=TOKEN");
    }

    UnavailableException missingKey(String field, Secret secret, String key) {
        List<String> keys = SecretData.keys(secret);
        String there = keys.isEmpty()
                ? "it is empty"
                : "it has " + String.join(", ", keys.subList(0, Math.min(keys.size(), MOST_KEYS)));
        String name = secret.getMetadata().getName();
        return missing(field + ": Secret " + namespace + "/" + name + " has no value for key \"" + key + "\"; " + there
                + ".\nAdd it: kubectl -n " + namespace + " patch secret " + name
                + " -p '{\"stringData\":{\"" + key + "\":\"VALUE\"}}'");
    }

    private String createRegistrySecret(String name) {
        return "kubectl -n " + namespace + " create secret docker-registry " + name + " --docker-server=" + registry()
                + " --docker-username=USER --docker-password=PASSWORD";
    }

    private String registry() {
        try {
            return Repository.parse(image).registry();
        } catch (InvalidReferenceException _) {
            return "REGISTRY";
        }
    }

    private static UnavailableException missing(String message) {
        return new UnavailableException(OfCredentials.SECRET_MISSING, message);
    }
}
