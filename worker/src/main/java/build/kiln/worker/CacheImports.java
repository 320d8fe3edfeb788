package build.kiln.worker;

import build.kiln.protocol.BuildResult.ImportResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
     * Reads what the daemon said of them.
     *
     * @param references in the order of the request, the build's own first
     */
    static CacheImports of(BuildGraph graph, List<String> references) {
        Map<String, ImportResult> results = new LinkedHashMap<>();
        String problem = null;
        for (Operation operation : graph.operations()) {
            if (!operation.isCacheImport() || !operation.isCompleted()) {
                continue;
            }
            ImportResult result = result(operation.error());
            results.put(operation.importedReference(), result);
            if (problem == null && (result == ImportResult.Failed || result == ImportResult.Broken)) {
                problem = operation.error();
            }
        }
        return new CacheImports(result(results, references), problem);
    }

    private static @Nullable ImportResult result(Map<String, ImportResult> results, List<String> references) {
        if (!references.isEmpty() && results.get(references.getFirst()) == ImportResult.Imported) {
            return ImportResult.Imported;
        }
        if (results.containsValue(ImportResult.Imported)) {
            return ImportResult.OtherImported;
        }
        for (ImportResult result : List.of(ImportResult.Broken, ImportResult.Failed, ImportResult.Missing)) {
            if (results.containsValue(result)) {
                return result;
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
