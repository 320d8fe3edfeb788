package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildResult.CacheUse;
import build.kiln.protocol.BuildResult.ExportResult;
import build.kiln.protocol.BuildResult.ImportResult;
import build.kiln.protocol.BuildResult.Traffic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Adds up what cache and network did for a build, over all its solves. */
final class BuildAccount {
    private static final int MAX_PROBLEM = 300;
    private static final int MAX_STEP = 120;

    private final BuildRequest.@Nullable Cache cache;
    private final CacheBackends backends;
    private final Path networkCounters;
    private final OptionalLong sentBefore;
    private CacheImports imports = CacheImports.NONE;
    private Duration importTime = Duration.ZERO;
    private long pulledBytes;
    private CacheExport.@Nullable Outcome export;

    BuildAccount(WorkerSettings settings, BuildRequest request, CacheBackends backends) {
        this.backends = backends;
        this.cache = request.cache();
        this.networkCounters = settings.networkCounters();
        this.sentBefore = NetworkCounters.sentBytes(networkCounters);
    }

    void solved(BuildGraph graph, Variant variant) {
        pulledBytes += graph.pulledBytes();
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

    Traffic traffic() {
        OptionalLong sent = NetworkCounters.sentBytes(networkCounters);
        Long sentBytes = sent.isPresent() && sentBefore.isPresent()
                ? Long.valueOf(Math.max(0, sent.getAsLong() - sentBefore.getAsLong()))
                : null;
        return new Traffic(pulledBytes, sentBytes);
    }
}
