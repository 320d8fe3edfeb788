package build.kiln.registry.image;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes indexes: the same children and annotations give the same bytes. */
final class IndexDocument {
    private IndexDocument() {}

    static Manifest of(String mediaType, List<Descriptor> children, Map<String, String> annotations)
            throws MalformedImageException {
        StringBuilder json = new StringBuilder("{\"schemaVersion\":2,\"mediaType\":\"")
                .append(mediaType)
                .append("\",\"manifests\":[")
                .append(String.join(",", children.stream().map(Descriptor::json).toList()))
                .append(']');
        if (!annotations.isEmpty()) {
            ObjectNode node = JsonNodeFactory.instance.objectNode();
            new TreeMap<>(annotations).forEach(node::put);
            json.append(",\"annotations\":").append(new String(Json.write(node), StandardCharsets.UTF_8));
        }
        byte[] bytes = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
        return Manifest.of(bytes, mediaType, Digest.Algorithm.SHA256);
    }
}
