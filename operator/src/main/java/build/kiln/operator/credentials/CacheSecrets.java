package build.kiln.operator.credentials;

import build.kiln.api.v1alpha1.Cache;
import build.kiln.api.v1alpha1.CacheBackend;
import build.kiln.operator.credentials.BuildCredentials.CacheSecret;
import build.kiln.protocol.CacheBackend.Azblob;
import build.kiln.protocol.CacheBackend.Gha;
import build.kiln.protocol.CacheBackend.S3;
import io.fabric8.kubernetes.api.model.Secret;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Checks the Secrets of the cache's backends, and finds out which of their keys there are. */
final class CacheSecrets {
    private final NamespacedObjects objects;
    private final String namespace;
    private final SecretAdvice advice;

    CacheSecrets(NamespacedObjects objects, String namespace, SecretAdvice advice) {
        this.objects = objects;
        this.namespace = namespace;
        this.advice = advice;
    }

    List<CacheSecret> read(@Nullable Cache cache) throws UnavailableException {
        List<CacheBackend> backends =
                cache == null ? List.of() : Objects.requireNonNullElse(cache.backends(), List.<CacheBackend>of());
        List<CacheSecret> secrets = new ArrayList<>();
        for (int i = 0; i < backends.size(); i++) {
            CacheBackend backend = backends.get(i);
            String field = "spec.cache.backends[" + i + "]";
            if (backend.s3() != null) {
                secrets.add(secret(
                        i,
                        field + ".s3.secretRef",
                        backend.s3().secretRef().name(),
                        List.of(S3.ACCESS_KEY_ID, S3.SECRET_ACCESS_KEY),
                        List.of(S3.SESSION_TOKEN)));
            } else if (backend.azblob() != null) {
                String name = backend.azblob().secretRef().name();
                secrets.add(secret(i, field + ".azblob.secretRef", name, List.of(Azblob.ACCOUNT_KEY), List.of()));
            } else if (backend.gha() != null) {
                String name = backend.gha().secretRef().name();
                secrets.add(secret(i, field + ".gha.secretRef", name, List.of(Gha.TOKEN), List.of()));
            }
        }
        return secrets;
    }

    private CacheSecret secret(int backend, String field, String name, List<String> needed, List<String> optional)
            throws UnavailableException {
        Secret secret =
                objects.secret(namespace, name).orElseThrow(() -> advice.missingCacheSecret(field, name, needed));
        List<String> keys = new ArrayList<>();
        for (String key : needed) {
            if (SecretData.text(secret, key).isEmpty()) {
                throw advice.missingKey(field, secret, key);
            }
            keys.add(key);
        }
        optional.stream()
                .filter(key -> SecretData.text(secret, key).isPresent())
                .forEach(keys::add);
        return new CacheSecret(backend, name, keys);
    }
}
