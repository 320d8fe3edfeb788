package build.kiln.chart;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.SourceTree;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class DefinitionTest {
    private static final Path GENERATED = SourceTree.ROOT.resolve("crds/imagebuilds.kiln.build.yaml");

    @Test
    void chartCarriesTheGeneratedFile() throws IOException {
        Path copy = Chart.FOLDER.resolve("files/imagebuilds.kiln.build.yaml");
        if (Boolean.getBoolean("kiln.updateCrds")) {
            Files.writeString(copy, Files.readString(GENERATED));
        }

        assertThat(copy)
                .as("the API changed: run mvn -pl helm test -Dkiln.updateCrds=true and commit the file")
                .hasSameTextualContentAs(GENERATED);
    }

    @Test
    void renderedDefinitionSaysWhatTheGeneratedOneSays() throws IOException {
        JsonNode generated = SourceTree.yaml(Files.readString(GENERATED));

        JsonNode rendered = Chart.render("{}").only("CustomResourceDefinition");

        assertThat(rendered.at("/metadata/name")).isEqualTo(generated.at("/metadata/name"));
        // Helm prints whole numbers without a fraction.
        assertThat(rendered.path("spec"))
                .isEqualTo(SourceTree.yaml(generated.path("spec").toString().replaceAll("(:\\d+)\\.0([,}])", "$1$2")));
    }

    /** Unquoted, True and False are booleans to kubectl, to Helm and to the API server. */
    @Test
    void everyEnumIsText() {
        assertThat(Chart.render("{}").only("CustomResourceDefinition").findValues("enum"))
                .isNotEmpty()
                .allSatisfy(values -> assertThat(values)
                        .allSatisfy(value -> assertThat(value.isTextual())
                                .as(values.toString())
                                .isTrue()));
    }

    @Test
    void definitionStaysWithItsObjectsUnlessToldOtherwise() {
        assertThat(policy("{}")).isEqualTo("keep");
        assertThat(policy("crds: {keep: false}")).isEmpty();
    }

    @Test
    void definitionCanBeLeftToOthers() {
        assertThat(Chart.render("crds: {enabled: false}").ofKind("CustomResourceDefinition"))
                .isEmpty();
    }

    private static String policy(String values) {
        return Chart.render(values)
                .only("CustomResourceDefinition")
                .at("/metadata/annotations/helm.sh~1resource-policy")
                .asText();
    }
}
