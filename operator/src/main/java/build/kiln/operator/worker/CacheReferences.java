package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.Cache;
import build.kiln.api.v1alpha1.CacheBuilder;
import build.kiln.api.v1alpha1.Compression;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.protocol.BuildRequest;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The references of the registry cache that one platform reads and writes. An export replaces what its reference held, so
 * every platform and scope has a reference of its own: whoever writes one can only replace what the same platform and scope
 * wrote before, and a cache that loses such a race is complete, only older.
 */
public final class CacheReferences {
    private static final String TAG = ":buildcache-";
    private static final String DEFAULT_SCOPE = "default";
    private static final int DEFAULT_EXPORT_TIMEOUT_SECONDS = 300;

    private final String repository;

    private CacheReferences(String repository) {
        this.repository = repository;
    }

    /** What the worker is told; null when caching is off. */
    static BuildRequest.@Nullable Cache of(ImageBuildSpec spec, String platform) {
        Cache cache = settings(spec);
        return switch (Objects.requireNonNullElse(cache.mode(), Cache.Mode.Max)) {
            case Disabled -> null;
            case Min -> of(spec, cache, platform, BuildRequest.CacheMode.Min);
            case Max -> of(spec, cache, platform, BuildRequest.CacheMode.Max);
        };
    }

    /** What the references of all platforms begin with; null when caching is off. */
    public static @Nullable String ofAllPlatforms(ImageBuildSpec spec) {
        Cache cache = settings(spec);
        return cache.mode() == Cache.Mode.Disabled
                ? null
                : of(spec, cache).repository + TAG + Objects.requireNonNullElse(cache.scope(), DEFAULT_SCOPE);
    }

    /** How long a worker may go on after its image is pushed, to write the cache. */
    static long exportTimeoutSeconds(ImageBuildSpec spec, String platform) {
        BuildRequest.Cache cache = of(spec, platform);
        return cache == null || cache.export() == null ? 0 : cache.exportTimeoutSeconds();
    }

    private static BuildRequest.Cache of(
            ImageBuildSpec spec, Cache cache, String platform, BuildRequest.CacheMode mode) {
        CacheReferences references = of(spec, cache);
        String scope = Objects.requireNonNullElse(cache.scope(), DEFAULT_SCOPE);
        String own = references.reference(scope, platform);
        Set<String> imports = new LinkedHashSet<>(Set.of(own));
        Objects.requireNonNullElse(cache.importScopes(), List.<String>of())
                .forEach(other -> imports.add(references.reference(other, platform)));
        if (Boolean.TRUE.equals(cache.shareAcrossPlatforms())) {
            RequestedPlatforms.of(spec).forEach(other -> imports.add(references.reference(scope, other)));
        }
        boolean export = !Boolean.FALSE.equals(cache.export());
        return new BuildRequest.Cache(
                List.copyOf(imports),
                export ? own : null,
                mode,
                compression(cache.compression()),
                Objects.requireNonNullElse(cache.exportTimeoutSeconds(), DEFAULT_EXPORT_TIMEOUT_SECONDS));
    }

    private static Cache settings(ImageBuildSpec spec) {
        return Objects.requireNonNullElseGet(
                spec.cache(), () -> CacheBuilder.builder().build());
    }

    private static CacheReferences of(ImageBuildSpec spec, Cache cache) {
        return new CacheReferences(
                Objects.requireNonNullElse(cache.repository(), spec.output().image()));
    }

    private String reference(String scope, String platform) {
        return repository + TAG + scope + "-" + platform.replace('/', '-');
    }

    private static BuildRequest.@Nullable Compression compression(@Nullable Compression compression) {
        return compression == null
                ? null
                : new BuildRequest.Compression(compression.type().name().toLowerCase(Locale.ROOT), compression.level());
    }
}
