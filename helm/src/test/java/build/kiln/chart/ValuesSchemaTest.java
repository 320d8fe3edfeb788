package build.kiln.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.SourceTree;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ValuesSchemaTest {
    private final JsonNode schema;
    private final String valuesText;

    ValuesSchemaTest() throws IOException {
        schema = new ObjectMapper().readTree(Files.readString(Chart.FOLDER.resolve("values.schema.json")));
        valuesText = Files.readString(Chart.FOLDER.resolve("values.yaml"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            replica: 2                                                 | replica
            worker: {profil: Rootless}                                 | profil
            worker: {profile: Privileged}                              | /worker/profile
            worker: {resources: {buildkitd: {requests: {cpu: lots}}}}  | /worker/resources/buildkitd/requests/cpu
            worker: {stateSizeLimit: 20GB}                             | /worker/stateSizeLimit
            worker: {startTimeoutSeconds: 10m}                         | /worker/startTimeoutSeconds
            admission: {maxRunning: 0}                                 | /admission/maxRunning
            admission: {maxRunningPerPlatform: {arm64: 1}}             | arm64
            replicas: two                                              | /replicas
            image: {operator: {digest: deadbeef}}                      | /image/operator/digest
            image: {pullPolicy: Sometimes}                             | /image/pullPolicy
            registries: [{mirrors: [m.example.com]}]                   | host
            registries: [{host: "https://registry.example.com"}]       | /registries/0/host
            registries: [{host: r.example.com, ca: /etc/ca.pem}]       | /registries/0/ca
            registries: [{host: r.example.com, insecur: true}]         | insecur
            watchNamespaces: [Team_A]                                  | /watchNamespaces/0
            logLevel: verbose                                          | /logLevel
            """)
    void badValueIsNamed(String values, String named) {
        assertThatThrownBy(() -> Chart.render(values))
                .hasMessageContaining("values don't meet the specifications of the schema")
                .hasMessageContaining(named);
    }

    @Test
    void everyValueIsInTheSchemaAndDescribedThere() {
        List<String> missing = new ArrayList<>();
        collectUndescribed("", SourceTree.yaml(valuesText), schema, missing);

        assertThat(missing).isEmpty();
    }

    @Test
    void everySettingHasADefaultAndAComment() {
        JsonNode values = SourceTree.yaml(valuesText);

        schema.path("properties").properties().forEach(property -> {
            String name = property.getKey();
            if (!name.equals("global")) {
                assertThat(values.has(name)).as(name).isTrue();
            }
        });
        assertThat(valuesText.split("\n\n"))
                .allSatisfy(block -> assertThat(block).startsWith("# "));
    }

    private void collectUndescribed(String path, JsonNode values, JsonNode node, List<String> missing) {
        values.properties().forEach(value -> {
            String here = path + "." + value.getKey();
            JsonNode property = node.path("properties").path(value.getKey());
            if (property.path("description").asText().isBlank()) {
                missing.add(here);
            }
            String reference = property.path("$ref").asText();
            JsonNode target = reference.isEmpty() ? property : schema.at(reference.substring(1));
            if (target.has("properties")) {
                collectUndescribed(here, value.getValue(), target, missing);
            }
        });
    }
}
