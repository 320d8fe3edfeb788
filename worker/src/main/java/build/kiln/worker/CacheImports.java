package build.kiln.worker;

import build.kiln.protocol.BuildResult.ImportResult;
import build.kiln.worker.StoreAnswers.Manifest;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What became of the caches that a build was to read.
 *
 * @param result null when the build came to no import
 * @param problem what was said of the first that could not be read; null when there is none, or all were simply not there
 */
record CacheImports(@Nullable ImportResult result, @Nullable String problem) {
    static final CacheImports NONE = new CacheImports(null, null);

    /** How the daemon begins when the registry has no manifest to a reference. */
    private static final String NO_MANIFEST = "failed to configure registry cache importer: ";

    private static final String NOT_FOUND = ": not found";

    /**
     * Reads what the daemon said of those in registries, and adds what other backends answered.
     *
     * @param references in registries, in the order of the request, the build's own first
     * @param images that hold their own cache
     * @param backends in the order of the request
     */
    static CacheImports of(
            BuildGraph graph, List<String> references, Set<String> images, List<CacheBackends.Import> backends) {
        List<CacheBackends.Import> all = new ArrayList<>();
        for (Operation operation : graph.operations()) {
            if (operation.isCacheImport() && operation.isCompleted()) {
                String reference = operation.importedReference();
                int place = references.indexOf(reference);
                if (place >= 0 || images.contains(reference)) {
                    ImportResult result = result(operation.error());
                    boolean bad = result == ImportResult.Failed || result == ImportResult.Broken;
                    all.add(new CacheBackends.Import(place <= 0, new Manifest(result, bad ? operation.error() : null)));
                }
            }
        }
        all.addAll(backends);
        return new CacheImports(result(all), problem(all));
    }

    private static @Nullable ImportResult result(List<CacheBackends.Import> imports) {
        List<ImportResult> results =
                imports.stream().map(one -> one.manifest().result()).toList();
        if (imports.stream().anyMatch(one -> one.own() && one.manifest().result() == ImportResult.Imported)) {
            return ImportResult.Imported;
        }
        if (results.contains(ImportResult.Imported)) {
            return ImportResult.OtherImported;
        }
        for (ImportResult result : List.of(ImportResult.Broken, ImportResult.Failed, ImportResult.Missing)) {
            if (results.contains(result)) {
                return result;
            }
        }
        return null;
    }

    private static @Nullable String problem(List<CacheBackends.Import> imports) {
        for (CacheBackends.Import one : imports) {
            if (one.manifest().problem() != null) {
                return one.manifest().problem();
            }
        }
        return null;
    }

    private static ImportResult result(String error) {
        if (error.isEmpty()) {
            return ImportResult.Imported;
        }
        if (Variant.isContentGone(error)) {
            return ImportResult.Broken;
        }
        return error.startsWith(NO_MANIFEST) && error.endsWith(NOT_FOUND) ? ImportResult.Missing : ImportResult.Failed;
    }
}
