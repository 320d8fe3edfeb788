package build.kiln.e2e;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Looks at registries with crane, a client that shares no code with Kiln. */
final class Registry {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Cluster cluster;

    Registry(Cluster cluster) {
        this.cluster = cluster;
    }

    JsonNode manifest(String reference) {
        return json(cluster.tool("crane", "manifest", reference).output());
    }

    String digest(String reference) {
        return cluster.tool("crane", "digest", reference).output();
    }

    boolean exists(String reference) {
        return cluster.tool("crane", "digest", reference).result().exitCode() == 0;
    }

    /** As a clean-up does it: the manifest, with all tags that point at it. */
    void delete(String reference) {
        String repository = reference.substring(0, reference.lastIndexOf(':'));
        cluster.tool("crane", "delete", repository + "@" + digest(reference)).output();
    }

    /** The image descriptors of an index, attestations left out. */
    static List<JsonNode> images(JsonNode index) {
        List<JsonNode> images = new ArrayList<>();
        for (JsonNode descriptor : index.path("manifests")) {
            if (!descriptor.path("platform").path("os").asText().equals("unknown")) {
                images.add(descriptor);
            }
        }
        return images;
    }

    static String platform(JsonNode descriptor) {
        JsonNode platform = descriptor.path("platform");
        return platform.path("os").asText() + "/"
                + platform.path("architecture").asText();
    }

    /** A file of an image, by platform. */
    byte[] file(String reference, String platform, String path) {
        try {
            Path folder = Files.createTempDirectory("kiln-e2e-image");
            Path archive = folder.resolve("image.tar");
            cluster.tool("crane", "export", "--platform", platform, reference, archive)
                    .output();
            Command.of("tar", "--extract", "--file", archive, "--directory", folder, path.substring(1))
                    .output();
            return Files.readAllBytes(folder.resolve(path.substring(1)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The {@code e_machine} field of an ELF file (ELF-64 object file format, figure 2). */
    static int machine(byte[] elf) {
        return Byte.toUnsignedInt(elf[18]) | Byte.toUnsignedInt(elf[19]) << 8;
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }
}
