package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.Cache;
import build.kiln.api.v1alpha1.CacheBackend;
import build.kiln.protocol.CacheBackend.S3;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The places for the cache beside the registry, as the worker is told of them. */
final class CacheBackends {
    private CacheBackends() {}

    /**
     * In the order of the spec.
     *
     * @param names to read, the own one first
     * @param export whether the build writes a cache at all
     */
    static List<build.kiln.protocol.CacheBackend> of(Cache cache, List<String> names, boolean export) {
        List<CacheBackend> specified = Objects.requireNonNullElse(cache.backends(), List.of());
        List<build.kiln.protocol.CacheBackend> backends = new ArrayList<>();
        for (CacheBackend backend : specified) {
            boolean written = export && !Boolean.FALSE.equals(backend.export());
            CacheBackend.S3 s3 = Objects.requireNonNull(backend.s3(), "the API server admits no other backend");
            backends.add(s3(backends.size(), names, written, s3));
        }
        return List.copyOf(backends);
    }

    private static S3 s3(int number, List<String> names, boolean export, CacheBackend.S3 s3) {
        return new S3(
                number,
                names,
                export,
                s3.bucket(),
                s3.region(),
                s3.endpoint(),
                folder(s3.prefix()),
                Boolean.TRUE.equals(s3.usePathStyle()));
    }

    /** BuildKit puts the prefix in front of its keys as it is. */
    private static String folder(@Nullable String prefix) {
        return prefix == null || prefix.endsWith("/") ? Objects.requireNonNullElse(prefix, "") : prefix + "/";
    }
}
