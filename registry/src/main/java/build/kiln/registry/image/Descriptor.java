package build.kiln.registry.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Points at content: media type, digest and size, with what an index says about it (OCI image specification,
 * "Content Descriptors"). A descriptor that was read keeps its JSON as it was written, unknown members included, so
 * that it can be repeated in another index without a change.
 */
public final class Descriptor {
    private static final String REFERENCE_TYPE = "vnd.docker.reference.type";
    private static final String REFERENCE_DIGEST = "vnd.docker.reference.digest";

    private final String json;
    private final String mediaType;
    private final Digest digest;
    private final long size;
    private final @Nullable Platform platform;
    private final Map<String, String> annotations;
    private final String artifactType;
    private final boolean remote;

    private Descriptor(String json, JsonNode node) throws MalformedImageException {
        this.json = json;
        this.mediaType = Json.text(node, "mediaType");
        this.digest = digest(node);
        this.size = size(node);
        JsonNode platformNode = node.path("platform");
        this.platform = platformNode.isObject() ? Platform.read(platformNode) : null;
        this.annotations = Map.copyOf(Json.texts(node, "annotations"));
        this.artifactType = Json.textOr(node, "artifactType", "");
        this.remote = Json.array(node, "urls").size() > 0 && MediaTypes.isNonDistributable(mediaType);
    }

    private static Digest digest(JsonNode node) throws MalformedImageException {
        try {
            return Digest.parse(Json.text(node, "digest"));
        } catch (InvalidReferenceException e) {
            throw new MalformedImageException(e.getMessage() == null ? "\"digest\" is no digest." : e.getMessage());
        }
    }

    private static long size(JsonNode node) throws MalformedImageException {
        JsonNode size = node.path("size");
        if (!size.isIntegralNumber() || !size.canConvertToLong() || size.longValue() < 0) {
            throw new MalformedImageException("\"size\" is not a number of bytes.");
        }
        return size.longValue();
    }

    /**
     * Reads one descriptor.
     *
     * @param json the JSON text of the descriptor
     * @throws MalformedImageException when it is not a descriptor
     */
    public static Descriptor parse(String json) throws MalformedImageException {
        return new Descriptor(Json.compact(json), Json.object(json.getBytes(StandardCharsets.UTF_8), "descriptor"));
    }

    /** A descriptor of content that is known by its parts. */
    public static Descriptor of(String mediaType, Digest digest, long size, @Nullable Platform platform) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("mediaType", mediaType);
        node.put("digest", digest.toString());
        node.put("size", size);
        if (platform != null) {
            node.set("platform", platform.toJson());
        }
        try {
            return new Descriptor(new String(Json.write(node), StandardCharsets.UTF_8), node);
        } catch (MalformedImageException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    static List<Descriptor> list(byte[] document, String member) throws MalformedImageException {
        List<Descriptor> descriptors = new ArrayList<>();
        for (String element : Json.elements(document, member)) {
            try {
                descriptors.add(parse(element));
            } catch (MalformedImageException e) {
                throw new MalformedImageException(member + "[" + descriptors.size() + "]: " + e.getMessage());
            }
        }
        return descriptors;
    }

    public String mediaType() {
        return mediaType;
    }

    public Digest digest() {
        return digest;
    }

    /** Size of the content in bytes. */
    public long size() {
        return size;
    }

    public Optional<Platform> platform() {
        return Optional.ofNullable(platform);
    }

    public Map<String, String> annotations() {
        return annotations;
    }

    /** The type of the artifact that the content is; empty when the descriptor does not say. */
    public String artifactType() {
        return artifactType;
    }

    /** Whether the content is fetched from URLs of its own and is not stored in registries. */
    public boolean isRemote() {
        return remote;
    }

    /** Whether the content is an attestation manifest (provenance, SBOM), as BuildKit marks them in an index. */
    public boolean isAttestation() {
        return "attestation-manifest".equals(annotations.get(REFERENCE_TYPE));
    }

    /** The digest of the image that an attestation manifest speaks about, as text; empty when it names none. */
    String attestedDigest() {
        return annotations.getOrDefault(REFERENCE_DIGEST, "");
    }

    /** The JSON text, every token as it was read, without white space between tokens. */
    public String json() {
        return json;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Descriptor that && json.equals(that.json);
    }

    @Override
    public int hashCode() {
        return json.hashCode();
    }

    @Override
    public String toString() {
        return digest + " (" + Text.shown(mediaType) + ")";
    }
}
