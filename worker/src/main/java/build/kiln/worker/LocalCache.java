package build.kiln.worker;

import build.kiln.protocol.BuildResult.ImportResult;
import build.kiln.protocol.CacheBackend.Local;
import build.kiln.worker.StoreAnswers.Manifest;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A cache in a folder of the worker's own, which BuildKit's client reads and writes for the daemon. It is an OCI layout in which
 * every cache has a tag.
 */
final class LocalCache {
    static final String TITLE = "local folder";
    private static final String TAG = "org.opencontainers.image.ref.name";
    /** An index of a thousand tags is shorter. */
    private static final int MAX_INDEX = 1 << 20;

    private final Path folder;
    private final Local local;

    LocalCache(Path folder, Local local) {
        this.folder = folder;
        this.local = local;
    }

    /** What there is of the caches to read, by tag. BuildKit's client would go on without a word. */
    Map<String, Manifest> manifests() {
        Map<String, Manifest> manifests = new TreeMap<>();
        List<String> tags;
        try {
            tags = tags();
        } catch (IOException e) {
            Manifest unreadable = new Manifest(ImportResult.Failed, "its index cannot be read: " + e.getMessage());
            local.names().forEach(name -> manifests.put(name, unreadable));
            return manifests;
        }
        for (String name : local.names()) {
            manifests.put(name, new Manifest(tags.contains(name) ? ImportResult.Imported : ImportResult.Missing, null));
        }
        return manifests;
    }

    private List<String> tags() throws IOException {
        Path index = folder.resolve("index.json");
        if (!Files.exists(index)) {
            return List.of();
        }
        if (Files.size(index) > MAX_INDEX) {
            throw new IOException("it is larger than " + MAX_INDEX + " bytes");
        }
        List<String> tags = new ArrayList<>();
        try {
            for (JsonNode manifest : Json.MAPPER.readTree(index.toFile()).path("manifests")) {
                tags.add(manifest.path("annotations").path(TAG).asText());
            }
        } catch (JsonProcessingException e) {
            throw new IOException("it is not JSON", e);
        }
        return tags;
    }
}
