package build.kiln.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * What the open registry keeps on the disk, in the layout of the CNCF's registry. It can be looked at at any instant, also while
 * the registry does not run, and shares no code with Kiln.
 */
final class RegistryFolder {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path root;

    /**
     * @param root the folder that holds {@code blobs} and {@code repositories}
     */
    RegistryFolder(Path root) {
        this.root = root;
    }

    /** The digest that a tag points at; empty when there is no such tag. */
    Optional<String> tag(String repository, String tag) {
        Path link = tags(repository).resolve(tag).resolve("current/link");
        return read(link)
                .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                .filter(digest -> digest.matches("sha256:[0-9a-f]{64}"));
    }

    /** The tags of a repository that point at something. */
    Set<String> tagsOf(String repository) {
        Path folder = tags(repository);
        if (!Files.isDirectory(folder)) {
            return Set.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            Set<String> found = new TreeSet<>();
            entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> tag(repository, name).isPresent())
                    .forEach(found::add);
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What keeps an index from being the whole image that it should be: each platform once, with all that belongs to it, and the
     * text in the last layer of each.
     */
    List<String> faults(String repository, String digest, Set<String> platforms, String text) {
        List<String> faults = new ArrayList<>();
        Optional<JsonNode> index = manifest(repository, digest, faults);
        if (index.isEmpty()) {
            return faults;
        }
        Set<String> found = new TreeSet<>();
        for (JsonNode child : Registry.images(index.get())) {
            found.add(Registry.platform(child));
            checkPlatform(repository, child, text, faults);
        }
        for (JsonNode child : index.get().path("manifests")) {
            manifest(repository, child.path("digest").asText(), faults);
        }
        if (!found.equals(platforms)) {
            faults.add(digest + " is for " + found + ", not for " + platforms);
        }
        return faults;
    }

    private void checkPlatform(String repository, JsonNode child, String text, List<String> faults) {
        Optional<JsonNode> manifest = manifest(repository, child.path("digest").asText(), faults);
        if (manifest.isEmpty()) {
            return;
        }
        blob(repository, manifest.get().path("config").path("digest").asText(), faults);
        JsonNode layers = manifest.get().path("layers");
        byte[] last = new byte[0];
        for (JsonNode layer : layers) {
            last = blob(repository, layer.path("digest").asText(), faults).orElse(new byte[0]);
        }
        if (!new String(unpacked(last), StandardCharsets.ISO_8859_1).contains(text)) {
            faults.add(child.path("digest").asText() + " does not hold what was built");
        }
    }

    private Optional<JsonNode> manifest(String repository, String digest, List<String> faults) {
        return linked(repository, "_manifests/revisions", digest, faults).map(RegistryFolder::json);
    }

    private Optional<byte[]> blob(String repository, String digest, List<String> faults) {
        return linked(repository, "_layers", digest, faults);
    }

    /** Content that the repository refers to, checked against its digest. */
    private Optional<byte[]> linked(String repository, String kind, String digest, List<String> faults) {
        String hex = digest.substring(digest.indexOf(':') + 1);
        Path link = repository(repository).resolve(kind).resolve("sha256/" + hex + "/link");
        Optional<byte[]> content = Files.exists(link)
                ? read(root.resolve("blobs/sha256/" + hex.substring(0, 2) + "/" + hex + "/data"))
                : Optional.empty();
        if (content.isEmpty()) {
            faults.add(repository + " lacks " + digest);
        } else if (!sha256(content.get()).equals(hex)) {
            faults.add(repository + " has other content under " + digest);
        }
        return content;
    }

    private Path tags(String repository) {
        return repository(repository).resolve("_manifests/tags");
    }

    private Path repository(String name) {
        return root.resolve("repositories").resolve(name);
    }

    private static Optional<byte[]> read(Path file) {
        try {
            return Optional.of(Files.readAllBytes(file));
        } catch (NoSuchFileException _) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode json(byte[] content) {
        try {
            return JSON.readTree(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] unpacked(byte[] layer) {
        try (GZIPInputStream stream = new GZIPInputStream(new ByteArrayInputStream(layer))) {
            return stream.readAllBytes();
        } catch (IOException _) {
            return layer;
        }
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
