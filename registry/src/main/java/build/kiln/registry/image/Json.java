package build.kiln.registry.image;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Strict reading of JSON from outside: no duplicate keys, nothing after the document, named members of named types. */
final class Json {
    /** Two readers of one document with duplicate keys may see different images, so such a document is refused. */
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    static JsonNode object(byte[] bytes, String what) throws MalformedImageException {
        try {
            JsonNode node = MAPPER.readTree(bytes);
            if (!node.isObject()) {
                throw new MalformedImageException("The " + what + " is not a JSON object.");
            }
            return node;
        } catch (JsonProcessingException e) {
            throw new MalformedImageException("The " + what + " is not JSON: " + Text.shown(e.getOriginalMessage()));
        } catch (IOException e) {
            throw new MalformedImageException("The " + what + " cannot be read: " + Text.shown(e.toString()));
        }
    }

    static String text(JsonNode node, String member) throws MalformedImageException {
        String text = textOr(node, member, "");
        if (text.isEmpty()) {
            throw new MalformedImageException("\"" + member + "\" is missing.");
        }
        return text;
    }

    static String textOr(JsonNode node, String member, String otherwise) throws MalformedImageException {
        JsonNode value = node.path(member);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        if (!value.isTextual()) {
            throw new MalformedImageException("\"" + member + "\" is not a string.");
        }
        return value.textValue();
    }

    static JsonNode array(JsonNode node, String member) throws MalformedImageException {
        JsonNode value = node.path(member);
        if (!value.isMissingNode() && !value.isNull() && !value.isArray()) {
            throw new MalformedImageException("\"" + member + "\" is not a list.");
        }
        return value;
    }

    static Map<String, String> texts(JsonNode node, String member) throws MalformedImageException {
        JsonNode value = node.path(member);
        Map<String, String> texts = new LinkedHashMap<>();
        if (value.isMissingNode() || value.isNull()) {
            return texts;
        }
        if (!value.isObject()) {
            throw new MalformedImageException("\"" + member + "\" is not an object.");
        }
        for (Map.Entry<String, JsonNode> property : value.properties()) {
            texts.put(property.getKey(), text(value, property.getKey(), member));
        }
        return texts;
    }

    private static String text(JsonNode node, String key, String member) throws MalformedImageException {
        JsonNode value = node.path(key);
        if (!value.isTextual()) {
            throw new MalformedImageException("\"" + member + "." + Text.shown(key) + "\" is not a string.");
        }
        return value.textValue();
    }

    /**
     * The elements of the list under a top-level member, each with its tokens exactly as they stand in the document.
     * Reading and writing a value again would change how strings and numbers are spelled.
     */
    static List<String> elements(byte[] document, String member) throws MalformedImageException {
        List<String> elements = new ArrayList<>();
        try (JsonParser parser = MAPPER.createParser(document)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean wanted = parser.currentName().equals(member);
                JsonToken value = parser.nextToken();
                if (wanted && value == JsonToken.START_ARRAY) {
                    while (parser.nextToken() != JsonToken.END_ARRAY) {
                        elements.add(element(parser, document));
                    }
                } else {
                    parser.skipChildren();
                }
            }
        } catch (IOException e) {
            throw new MalformedImageException("\"" + member + "\" cannot be read.");
        }
        return elements;
    }

    private static String element(JsonParser parser, byte[] document) throws IOException, MalformedImageException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw new MalformedImageException("A list of descriptors holds something that is not an object.");
        }
        int start = (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        int end = (int) parser.currentLocation().getByteOffset();
        return compact(new String(document, start, end - start, StandardCharsets.UTF_8));
    }

    /** Drops the white space between tokens; the tokens stay as they are. */
    static String compact(String json) {
        StringBuilder compact = new StringBuilder(json.length());
        boolean inString = false;
        boolean escaped = false;
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (inString) {
                inString = escaped || c != '"';
                escaped = !escaped && c == '\\';
            } else if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
                continue;
            } else {
                inString = c == '"';
            }
            compact.append(c);
        }
        return compact.toString();
    }

    static byte[] write(JsonNode node) {
        try {
            return MAPPER.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A JSON tree cannot be written", e);
        }
    }
}
