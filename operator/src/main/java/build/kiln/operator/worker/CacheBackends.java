package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.Cache;
import build.kiln.api.v1alpha1.CacheBackend;
import build.kiln.api.v1alpha1.Output;
import build.kiln.protocol.CacheBackend.Azblob;
import build.kiln.protocol.CacheBackend.Gha;
import build.kiln.protocol.CacheBackend.Inline;
import build.kiln.protocol.CacheBackend.Local;
import build.kiln.protocol.CacheBackend.S3;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The places for the cache beside the registry, as the worker is told of them. */
public final class CacheBackends {
    /** Each is a request to the registry before the first step. */
    private static final int MOST_TAGS = 4;

    private CacheBackends() {}

    /** Whether the image says which steps its layers come from. */
    public static boolean writesInline(@Nullable Cache cache) {
        return cache != null
                && !Boolean.FALSE.equals(cache.export())
                && specified(cache).stream()
                        .anyMatch(backend -> backend.inline() != null && !Boolean.FALSE.equals(backend.export()));
    }

    /** Whether the worker keeps a cache in a folder of the cache volume. */
    static boolean keepsLocal(@Nullable Cache cache) {
        return cache != null && specified(cache).stream().anyMatch(backend -> backend.local() != null);
    }

    /**
     * In the order of the spec.
     *
     * @param names to read, the own one first: references of a registry
     * @param export whether the build writes a cache at all
     * @param volume whether the pod has its cache volume
     */
    static List<build.kiln.protocol.CacheBackend> of(
            Cache cache, Output output, List<String> names, boolean export, boolean volume) {
        List<CacheBackend> specified = specified(cache);
        List<build.kiln.protocol.CacheBackend> backends = new ArrayList<>();
        for (int i = 0; i < specified.size(); i++) {
            CacheBackend backend = specified.get(i);
            boolean written = export && !Boolean.FALSE.equals(backend.export());
            if (backend.s3() != null) {
                backends.add(s3(i, names, written, backend.s3()));
            } else if (backend.azblob() != null) {
                backends.add(azblob(i, names, written, backend.azblob()));
            } else if (backend.gha() != null) {
                backends.add(new Gha(i, names, written, backend.gha().url()));
            } else if (backend.inline() != null) {
                backends.add(new Inline(i, published(output), written));
            } else if (backend.local() != null && volume) {
                backends.add(new Local(i, names.stream().map(CacheBackends::tag).toList(), written));
            }
        }
        return List.copyOf(backends);
    }

    private static List<CacheBackend> specified(Cache cache) {
        return Objects.requireNonNullElse(cache.backends(), List.of());
    }

    private static S3 s3(int number, List<String> names, boolean export, CacheBackend.S3 s3) {
        String folder = folder(s3.prefix());
        return new S3(
                number,
                names,
                export,
                s3.bucket(),
                s3.region(),
                s3.endpoint(),
                // BuildKit puts it in front of its keys as it is.
                folder.isEmpty() ? "" : folder + "/",
                Boolean.TRUE.equals(s3.usePathStyle()));
    }

    private static Azblob azblob(int number, List<String> names, boolean export, CacheBackend.Azblob azblob) {
        String name = azblob.accountName();
        String host = Objects.requireNonNullElse(URI.create(azblob.accountUrl()).getHost(), "");
        return new Azblob(
                number,
                names,
                export,
                withoutSlash(azblob.accountUrl()),
                name == null ? host.split("\\.", 2)[0] : name,
                azblob.container(),
                folder(azblob.prefix()));
    }

    /** What runs before published. */
    private static List<String> published(Output output) {
        return Objects.requireNonNullElse(output.tags(), List.<String>of()).stream()
                .limit(MOST_TAGS)
                .map(tag -> output.image() + ":" + tag)
                .toList();
    }

    private static String tag(String reference) {
        return reference.substring(reference.lastIndexOf(':') + 1);
    }

    private static String folder(@Nullable String prefix) {
        return prefix == null ? "" : withoutSlash(prefix);
    }

    private static String withoutSlash(String text) {
        return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    }
}
