package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildResult.CacheUse;
import build.kiln.protocol.BuildResult.ExportResult;
import build.kiln.protocol.BuildResult.ImportResult;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Adds up what cache and network did for a build, over all its solves. */
final class BuildAccount {
    private static final int MAX_PROBLEM = 300;
    private static final int MAX_STEP = 120;

    private final BuildRequest.@Nullable Cache cache;
    private final CacheBackends backends;
    private CacheImports imports = CacheImports.NONE;
    private Duration importTime = Duration.ZERO;
    private final Map<String, Long> pulled = new HashMap<>();
    private CacheExport.@Nullable Outcome export;

    BuildAccount(BuildRequest request, CacheBackends backends) {
        this.backends = backends;
        this.cache = request.cache();
    }

    void solved(BuildGraph graph, Variant variant) {
        graph.pulled().forEach((layer, bytes) -> pulled.merge(layer, bytes, Long::sum));
        if (cache != null && variant.importsCache()) {
            importTime = importTime.plus(graph.importTime());
            imports = CacheImports.of(graph, cache.imports(), backends.images(), backends.imports(graph));
        }
    }

    /** The cache that was imported turned out to be of no use. */
    void importBroken(String problem) {
        imports = new CacheImports(ImportResult.Broken, problem);
    }

    void exported(CacheExport.Outcome outcome) {
        export = outcome;
    }

    /** Null when the request has no cache. */
    @Nullable
    CacheUse cacheUse(BuildGraph last) {
        if (cache == null) {
            return null;
        }
        CacheExport.Outcome written = export;
        if (written == null && backends.inImage()) {
            // It came with the image, and took no time of its own.
            written = new CacheExport.Outcome(ExportResult.Exported, null, Duration.ZERO);
        }
        ExportResult exportResult = written == null ? null : written.result();
        Long exportMillis = written == null ? null : Long.valueOf(written.took().toMillis());
        String problem = imports.problem();
        if (problem == null && written != null) {
            problem = written.problem();
        }
        return new CacheUse(
                imports.result(),
                exportResult,
                problem == null ? null : Printable.text(Printable.cut(problem, MAX_PROBLEM)),
                cache.imports().isEmpty() && cache.backends().isEmpty()
                        ? null
                        : last.firstExecuted()
                                .map(FailureClassifier::shown)
                                .map(step -> Printable.cut(step, MAX_STEP))
                                .orElse(null),
                importTime.toMillis(),
                exportMillis);
    }

    /** Layers that were fetched, by digest, with their bytes. */
    Map<String, Long> pulled() {
        return Map.copyOf(pulled);
    }
}
