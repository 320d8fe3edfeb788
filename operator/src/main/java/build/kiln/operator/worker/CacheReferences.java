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
 * The caches that one platform reads and writes: references in a registry, which are the names in the other places too. An export
 * replaces what its name held, so every platform and scope has a name of its own: whoever writes one can only replace what the
 * same platform and scope wrote before, and a cache that loses such a race is complete, only older.
 */
public final class CacheReferences {
    private static final String TAG = ":buildcache-";
    private static final String DEFAULT_SCOPE = "default";
    private static final int DEFAULT_EXPORT_TIMEOUT_SECONDS = 300;

    private final String repository;

    private CacheReferences(String repository) {
        this.repository = repository;
    }

    /**
     * What the worker is told; null when caching is off.
     *
     * @param volume whether the pod has its cache volume
     */
    static BuildRequest.@Nullable Cache of(ImageBuildSpec spec, String platform, boolean volume) {
        Cache cache = settings(spec);
        if (isOff(cache)) {
            return null;
        }
        CacheReferences references = of(spec, cache);
        String own = references.reference(scope(cache), platform);
        List<String> imports = references.imports(spec, cache, platform, own);
        boolean export = !Boolean.FALSE.equals(cache.export());
        boolean registry = mode(cache) != Cache.Mode.Disabled;
        return new BuildRequest.Cache(
                registry ? imports : List.of(),
                registry && export ? own : null,
                switch (mode(cache)) {
                    case Min -> BuildRequest.CacheMode.Min;
                    case Max, Disabled -> BuildRequest.CacheMode.Max;
                },
                compression(cache.compression()),
                Objects.requireNonNullElse(cache.exportTimeoutSeconds(), DEFAULT_EXPORT_TIMEOUT_SECONDS),
                CacheBackends.of(cache, spec.output(), imports, export, volume));
    }

    /** What the names of all platforms begin with; null when caching is off. */
    public static @Nullable String ofAllPlatforms(ImageBuildSpec spec) {
        Cache cache = settings(spec);
        return isOff(cache) ? null : of(spec, cache).repository + TAG + scope(cache);
    }

    /** How long a worker may go on after its image is pushed, to write the cache. */
    static long exportTimeoutSeconds(ImageBuildSpec spec, String platform) {
        BuildRequest.Cache cache = of(spec, platform, true);
        return cache == null || !cache.exports() ? 0 : cache.exportTimeoutSeconds();
    }

    /** The own one first, each once. */
    private List<String> imports(ImageBuildSpec spec, Cache cache, String platform, String own) {
        Set<String> imports = new LinkedHashSet<>(Set.of(own));
        Objects.requireNonNullElse(cache.importScopes(), List.<String>of())
                .forEach(other -> imports.add(reference(other, platform)));
        if (Boolean.TRUE.equals(cache.shareAcrossPlatforms())) {
            RequestedPlatforms.of(spec).forEach(other -> imports.add(reference(scope(cache), other)));
        }
        return List.copyOf(imports);
    }

    private static boolean isOff(Cache cache) {
        return mode(cache) == Cache.Mode.Disabled
                && (cache.backends() == null || cache.backends().isEmpty());
    }

    private static Cache.Mode mode(Cache cache) {
        return Objects.requireNonNullElse(cache.mode(), Cache.Mode.Max);
    }

    private static String scope(Cache cache) {
        return Objects.requireNonNullElse(cache.scope(), DEFAULT_SCOPE);
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
