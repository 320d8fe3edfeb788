package build.kiln.chart;

import build.kiln.SourceTree;
import com.fasterxml.jackson.databind.JsonNode;
import com.marcnuri.helm.Helm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;

/** The chart as users install it: release {@code kiln} in namespace {@code kiln-system}. */
final class Chart {
    static final Path FOLDER = SourceTree.ROOT.resolve("helm/kiln");

    /** The three values without which nothing can be installed. */
    static final String REPOSITORIES = """
            image:
              operator: {repository: registry.example.com/kiln/operator}
              worker: {repository: registry.example.com/kiln/worker}
              buildkit: {repository: registry.example.com/kiln/buildkit}
            """;

    private Chart() {}

    /** The objects that Helm would apply with {@link #REPOSITORIES} and these values (YAML). */
    static Manifests render(String values) {
        return new Manifests(SourceTree.objects(text(REPOSITORIES, values)));
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

    /** Rendered objects. */
    record Manifests(List<JsonNode> objects) {
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
            return SourceTree.yaml(only("ConfigMap").at("/data/config.yaml").asText());
        }
    }

    static List<String> strings(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }
}
