package build.kiln.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRule;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The corpus of manifests that the API server is tried with has one for each rule that only people know how to break. The other
 * rules (bounds, sizes, values, required fields) are broken one by one by the operator's ImageBuildValidationIT.
 */
class CorpusTest {
    private static final Path INVALID = Path.of("src/test/resources/corpus/invalid");
    private static final String REFUSED = "# refused: ";
    private static final String EXPECTATION =
            "for each of these, a manifest in corpus/invalid that breaks it alone and begins with \"" + REFUSED
                    + "\" and this";

    private final JSONSchemaProps spec = ImageBuildDefinition.property(
            Serialization.unmarshal(ImageBuildDefinition.yaml(), CustomResourceDefinition.class)
                    .getSpec()
                    .getVersions()
                    .getFirst()
                    .getSchema()
                    .getOpenAPIV3Schema(),
            "spec");

    @Test
    void hasAManifestForEveryRuleAcrossFields() throws IOException {
        List<String> messages = new ArrayList<>();
        walk(
                "spec",
                spec,
                (_, schema) -> Objects.requireNonNullElse(schema.getXKubernetesValidations(), List.<ValidationRule>of())
                        .forEach(rule -> messages.add(rule.getMessage())));

        assertThat(messages).as(EXPECTATION).hasSizeGreaterThan(5).isSubsetOf(refusals());
    }

    @Test
    void hasAManifestForEveryPattern() throws IOException {
        List<String> patterns = new ArrayList<>();
        walk("spec", spec, (path, schema) -> {
            if (schema.getPattern() != null) {
                patterns.add(path + " in body should match '" + schema.getPattern() + "'");
            }
        });

        assertThat(patterns).as(EXPECTATION).hasSizeGreaterThan(5).isSubsetOf(refusals());
    }

    /** What the API server has to say about each manifest, as its first line has it. */
    private static List<String> refusals() throws IOException {
        try (Stream<Path> files = Files.list(INVALID)) {
            List<String> refusals = new ArrayList<>();
            for (Path file : files.toList()) {
                String first = Files.readAllLines(file).getFirst();
                assertThat(first).as("%s", file).startsWith(REFUSED);
                refusals.add(first.substring(REFUSED.length()));
            }
            return refusals;
        }
    }

    private static void walk(String path, JSONSchemaProps schema, BiConsumer<String, JSONSchemaProps> visit) {
        visit.accept(path, schema);
        if (schema.getProperties() != null) {
            schema.getProperties().forEach((name, property) -> walk(path + "." + name, property, visit));
        }
        if (schema.getItems() != null) {
            walk(path + "[0]", schema.getItems().getSchema(), visit);
        }
    }
}
