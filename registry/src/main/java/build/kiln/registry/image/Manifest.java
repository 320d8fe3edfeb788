package build.kiln.registry.image;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A manifest or index exactly as a registry stores it: its bytes, their media type and their digest. It is read, but
 * never written again, since other bytes are another image.
 */
public final class Manifest {
    /** The largest manifest that registries must accept (OCI distribution specification, "Pushing Manifests"). */
    public static final int LARGEST = 4 * 1024 * 1024;

    private final byte[] bytes;
    private final String mediaType;
    private final Digest digest;
    private final JsonNode document;

    private Manifest(byte[] bytes, String mediaType, Digest digest, JsonNode document) {
        this.bytes = bytes;
        this.mediaType = mediaType;
        this.digest = digest;
        this.document = document;
    }

    /**
     * Takes what a registry answered.
     *
     * @param contentType the media type it was served with; empty when the registry named none
     * @param algorithm the algorithm of the digest that it is known by
     * @throws MalformedImageException when the bytes are no manifest, or say they are of another type
     */
    public static Manifest of(byte[] bytes, String contentType, Digest.Algorithm algorithm)
            throws MalformedImageException {
        if (bytes.length > LARGEST) {
            throw new MalformedImageException("The manifest is larger than " + LARGEST + " bytes.");
        }
        JsonNode document = Json.object(bytes, "manifest");
        String own = Json.textOr(document, "mediaType", "");
        String served = contentType.isEmpty() || contentType.equals("application/json") ? own : contentType;
        if (!own.isEmpty() && !own.equals(served)) {
            throw new MalformedImageException(
                    "The manifest was served as " + Text.shown(served) + " but says it is " + Text.shown(own) + ".");
        }
        if (!MediaTypes.isIndex(served) && !MediaTypes.isManifest(served)) {
            throw new MalformedImageException(
                    "The manifest has the media type \"" + Text.shown(served) + "\", which is no image.");
        }
        return new Manifest(bytes.clone(), served, Digest.of(algorithm, bytes), document);
    }

    public byte[] bytes() {
        return bytes.clone();
    }

    public int size() {
        return bytes.length;
    }

    public String mediaType() {
        return mediaType;
    }

    public Digest digest() {
        return digest;
    }

    public boolean isIndex() {
        return MediaTypes.isIndex(mediaType);
    }

    /** The descriptor of this manifest, without what an index might say about it. */
    public Descriptor descriptor() {
        return Descriptor.of(mediaType, digest, bytes.length, null);
    }

    /**
     * The children of an index, in its order.
     *
     * @throws MalformedImageException when one of them is not a descriptor
     */
    public List<Descriptor> children() throws MalformedImageException {
        return Descriptor.list(bytes, "manifests");
    }

    /**
     * The annotations; none when the manifest has none.
     *
     * @throws MalformedImageException when they are not texts
     */
    public Map<String, String> annotations() throws MalformedImageException {
        return Json.texts(document, "annotations");
    }

    /**
     * The configuration of an image.
     *
     * @throws MalformedImageException when the manifest has none
     */
    public Descriptor config() throws MalformedImageException {
        return Descriptor.parse(document.path("config").toString());
    }

    /**
     * The blobs that a registry has to hold before it takes this manifest: configuration and layers, each once.
     *
     * @throws MalformedImageException when one of them is not a descriptor
     */
    public List<Descriptor> blobs() throws MalformedImageException {
        List<Descriptor> blobs = new ArrayList<>();
        blobs.add(config());
        for (Descriptor layer : Descriptor.list(bytes, "layers")) {
            if (!layer.isRemote() && blobs.stream().noneMatch(b -> b.digest().equals(layer.digest()))) {
                blobs.add(layer);
            }
        }
        return blobs;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Manifest that && digest.equals(that.digest) && mediaType.equals(that.mediaType);
    }

    @Override
    public int hashCode() {
        return digest.hashCode();
    }

    @Override
    public String toString() {
        return digest + " (" + mediaType + ")";
    }
}
