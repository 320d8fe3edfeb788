package build.kiln.operator.credentials;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything a build may use; its text form shows names, never contents.
 *
 * @param dockerConfigs registry credentials: those of {@code spec.registryCredentials} in their order, then those of the
 *     ServiceAccount; for each registry the first one that names it wins
 * @param git for a private source
 * @param caches of the backends in {@code spec.cache.backends}
 */
public record BuildCredentials(
        List<DockerConfig> dockerConfigs, @Nullable GitCredentials git, List<CacheSecret> caches)
        implements CredentialResult {
    public BuildCredentials {
        dockerConfigs = List.copyOf(dockerConfigs);
        caches = List.copyOf(caches);
    }

    /** Of a build without other backends for its cache than the registry. */
    public BuildCredentials(List<DockerConfig> dockerConfigs, @Nullable GitCredentials git) {
        this(dockerConfigs, git, List.of());
    }

    /** A build that needs none. */
    public static BuildCredentials none() {
        return new BuildCredentials(List.of(), null);
    }

    /**
     * @param secretName of a Secret of type kubernetes.io/dockerconfigjson
     * @param json its docker configuration
     */
    public record DockerConfig(String secretName, String json) {
        /** Key of the configuration in such a Secret. */
        public static final String KEY = ".dockerconfigjson";

        @Override
        public String toString() {
            return "DockerConfig[secretName=" + secretName + "]";
        }
    }

    /**
     * What of a Secret a backend needs; its content is for the worker alone.
     *
     * @param backend place in {@code spec.cache.backends}, from 0
     * @param secretName of the Secret
     * @param keys that it has of those that the backend knows
     */
    public record CacheSecret(int backend, String secretName, List<String> keys) {
        public CacheSecret {
            keys = List.copyOf(keys);
        }
    }

    /**
     * @param secretName of the Secret
     * @param username its key {@code username}
     * @param password its key {@code password}: a password or an access token
     */
    public record GitCredentials(String secretName, String username, String password) {
        /** Key of the user name in such a Secret. */
        public static final String USERNAME_KEY = "username";

        /** Key of the password in such a Secret. */
        public static final String PASSWORD_KEY = "password";

        @Override
        public String toString() {
            return "GitCredentials[secretName=" + secretName + "]";
        }
    }
}
