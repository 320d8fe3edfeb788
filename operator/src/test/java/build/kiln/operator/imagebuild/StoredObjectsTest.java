package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuild;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A newer operator wrote words that this one does not know, and was rolled back. */
class StoredObjectsTest {
    private static final KubernetesSerialization SERIALIZATION = StoredObjects.serialization();
    private static final JsonNode SCHEMA = schema();

    @ParameterizedTest
    @ValueSource(strings = {"building", "retrying", "succeeded", "failed", "cancelled"})
    void anUnknownWordStopsNothing(String state) {
        List<String> words = new ArrayList<>();
        walkEnums(SCHEMA, object(state), (path, _) -> words.add(path));

        assertThat(words).hasSizeGreaterThan(8).allSatisfy(word -> {
            Scenario build = recorded(state).scenario();
            ImageBuild read = SERIALIZATION.unmarshal(withUnknownWord(state, word), ImageBuild.class);
            build.spec = read.getSpec();
            build.status = read.getStatus();

            build.settle();

            assertComplete(
                    "status",
                    SCHEMA.at("/properties/status"),
                    SERIALIZATION.convertValue(build.status, JsonNode.class));
        });
    }

    private static String withUnknownWord(String state, String word) {
        JsonNode object = object(state);
        walkEnums(SCHEMA, object, (path, replace) -> {
            if (path.equals(word)) {
                replace.run();
            }
        });
        return object.toString();
    }

    /** Visits every value that the schema names the possible values of, with a way to replace it by another. */
    private static void walkEnums(JsonNode schema, JsonNode value, BiConsumer<String, Runnable> visit) {
        walkEnums("", schema, value, () -> {}, visit);
    }

    private static void walkEnums(
            String path, JsonNode schema, JsonNode value, Runnable replace, BiConsumer<String, Runnable> visit) {
        if (schema.has("enum")) {
            visit.accept(path, replace);
        }
        if (value instanceof ObjectNode object) {
            schema.path("properties").properties().forEach(property -> {
                String name = property.getKey();
                if (object.has(name)) {
                    walkEnums(
                            path + "/" + name,
                            property.getValue(),
                            object.get(name),
                            () -> object.set(name, unknown()),
                            visit);
                }
            });
        }
        if (value instanceof ArrayNode list) {
            for (int i = 0; i < list.size(); i++) {
                int index = i;
                walkEnums(path + "/" + i, schema.path("items"), list.get(i), () -> list.set(index, unknown()), visit);
            }
        }
    }

    /** The API server refuses a status that lacks a required field. */
    private static void assertComplete(String path, JsonNode schema, JsonNode value) {
        if (value.isObject()) {
            for (JsonNode required : schema.path("required")) {
                assertThat(value.has(required.asText()))
                        .as(path + "." + required.asText())
                        .isTrue();
            }
        }
        schema.path("properties").properties().forEach(property -> {
            if (value.has(property.getKey())) {
                assertComplete(path + "." + property.getKey(), property.getValue(), value.get(property.getKey()));
            }
        });
        if (value.isArray()) {
            value.forEach(element -> assertComplete(path + "[]", schema.path("items"), element));
        }
    }

    private static TextNode unknown() {
        return TextNode.valueOf("FromTheFuture");
    }

    private static JsonNode object(String state) {
        return SERIALIZATION.convertValue(recorded(state).object(), JsonNode.class);
    }

    private static RecordedBuild recorded(String state) {
        return RecordedBuild.all().stream()
                .filter(build -> build.state().equals(state))
                .findFirst()
                .orElseThrow();
    }

    private static JsonNode schema() {
        Path file = Path.of(System.getProperty("kiln.root", ".."), "crds/imagebuilds.kiln.build.yaml");
        try {
            return SERIALIZATION
                    .unmarshal(Files.readString(file), JsonNode.class)
                    .at("/spec/versions/0/schema/openAPIV3Schema");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
