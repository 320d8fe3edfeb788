package build.kiln.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ImageBuildDefinitionTest {
    private final String generated = ImageBuildDefinition.yaml();
    private final JSONSchemaProps schema = Serialization.unmarshal(generated, CustomResourceDefinition.class)
            .getSpec()
            .getVersions()
            .getFirst()
            .getSchema()
            .getOpenAPIV3Schema();

    @Test
    void committedFileIsWhatTheRecordsSay() throws Exception {
        if (Boolean.getBoolean("kiln.updateCrds")) {
            Files.writeString(ImageBuildDefinition.FILE, generated);
        }

        assertThat(ImageBuildDefinition.FILE)
                .as("the API changed: run mvn -pl crds test -Dkiln.updateCrds=true and commit the file")
                .hasContent(generated);
    }

    @Test
    void everyFieldHasADescription() {
        List<String> missing = new ArrayList<>();
        collectUndescribed("", schema, missing);

        assertThat(missing).isEmpty();
    }

    @Test
    void freshObjectNeverLooksFinished() {
        assertThat(ImageBuildDefinition.property(schema, "status")
                        .getDefault()
                        .get("observedGeneration")
                        .asInt())
                .isEqualTo(-1);
    }

    private static void collectUndescribed(String path, JSONSchemaProps schema, List<String> missing) {
        Map<String, JSONSchemaProps> properties = schema.getProperties();
        if (properties != null) {
            properties.forEach((name, property) -> {
                String here = path + "." + name;
                boolean ofEveryObject =
                        List.of(".apiVersion", ".kind", ".metadata").contains(here);
                if (!ofEveryObject
                        && (property.getDescription() == null
                                || property.getDescription().isBlank())) {
                    missing.add(here);
                }
                collectUndescribed(here, property, missing);
            });
        }
        if (schema.getItems() != null && schema.getItems().getSchema() != null) {
            collectUndescribed(path + "[]", schema.getItems().getSchema(), missing);
        }
    }
}
