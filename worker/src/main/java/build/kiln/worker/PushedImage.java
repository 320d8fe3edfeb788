package build.kiln.worker;

import build.kiln.protocol.BuildResult.Pushed;
import build.kiln.protocol.FailureReason;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads what BuildKit's client says it pushed. */
final class PushedImage {
    private static final long MAX_BYTES = 4 << 20;

    private PushedImage() {}

    /**
     * Reads the descriptor from the client's metadata file.
     *
     * @throws BuildFailedException when it names no image
     * @throws IOException when the file cannot be read
     */
    static Pushed read(Path metadataFile) throws BuildFailedException, IOException {
        if (!Files.exists(metadataFile) || Files.size(metadataFile) > MAX_BYTES) {
            throw missing();
        }
        JsonNode descriptor;
        try {
            descriptor = Json.MAPPER.readTree(metadataFile.toFile()).path("containerimage.descriptor");
        } catch (JsonProcessingException e) {
            throw missing();
        }
        String mediaType = descriptor.path("mediaType").asText();
        String digest = descriptor.path("digest").asText();
        if (mediaType.isEmpty()
                || !digest.startsWith("sha256:")
                || !descriptor.path("size").isIntegralNumber()) {
            throw missing();
        }
        return new Pushed(mediaType, digest, descriptor.path("size").longValue());
    }

    private static BuildFailedException missing() {
        return new BuildFailedException(
                FailureReason.PushFailed, "BuildKit's client succeeded without saying which image it pushed.");
    }
}
