package build.kiln.chart;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.marcnuri.helm.Helm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;

/** The chart as users install it: release {@code kiln} in namespace {@code kiln-system}. */
final class Chart {
    static final Path ROOT = Path.of(System.getProperty("kiln.root", ".."));
    static final Path FOLDER = ROOT.resolve("helm/kiln");

    /** The three values without which nothing can be installed. */
    static final String REPOSITORIES = """
            image:
              operator: {repository: registry.example.com/kiln/operator}
              worker: {repository: registry.example.com/kiln/worker}
              buildkit: {repository: registry.example.com/kiln/buildkit}
            """;

    private static final YAMLMapper YAML = new YAMLMapper();

    private Chart() {}

    /** The objects that Helm would apply with {@link #REPOSITORIES} and these values (YAML). */
    static Manifests render(String values) {
        return Manifests.parse(text(REPOSITORIES, values));
    }

    /** What {@code helm template} prints with exactly these values; a later document overrides an earlier one. */
    static String text(String... values) {
        try {
            Path folder = Files.createTempDirectory("kiln-chart");
            try {
                var template = new Helm(FOLDER)
                        .template()
                        .withName("kiln")
                        .withNamespace("kiln-system")
                        .withKubeVersion("1.33.0");
                for (int i = 0; i < values.length; i++) {
                    Path file = folder.resolve(i + ".yaml");
                    template.withValuesFile(Files.writeString(file, values[i]));
                }
                return template.call();
            } finally {
                for (int i = 0; i < values.length; i++) {
                    Files.deleteIfExists(folder.resolve(i + ".yaml"));
                }
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode yaml(String text) {
        try {
            return YAML.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Rendered objects. */
    record Manifests(List<JsonNode> objects) {
        private static Manifests parse(String text) {
            try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(text)) {
                return new Manifests(documents.readAll().stream()
                        .filter(document -> document.isObject() && !document.isEmpty())
                        .toList());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        List<JsonNode> ofKind(String kind) {
            return objects.stream()
                    .filter(object -> object.path("kind").asText().equals(kind))
                    .toList();
        }

        JsonNode only(String kind) {
            List<JsonNode> found = ofKind(kind);
            if (found.size() != 1) {
                throw new AssertionError("expected one " + kind + ", found " + found.size());
            }
            return found.getFirst();
        }

        JsonNode pod() {
            return only("Deployment").at("/spec/template");
        }

        JsonNode configuration() {
            return yaml(only("ConfigMap").at("/data/config.yaml").asText());
        }
    }

    static List<String> strings(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }
}
