package build.kiln.chart;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.SourceTree;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.config.OperatorConfiguration.Registry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The operator, which refuses unknown keys, reads what the chart writes. */
class ConfigurationTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it.
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"default", "high-availability", "namespaces", "registries", "everything"})
    void operatorReadsWhatTheChartWrites(String name) throws Exception {
        String values = SourceTree.text("helm/src/test/resources/golden/" + name + ".values.yaml");

        assertThat(load(values).images().worker()).startsWith("registry.example.com/kiln/worker");
    }

    @Test
    void registriesArriveAsWritten() throws Exception {
        List<Registry> registries = load(SourceTree.text("helm/src/test/resources/golden/registries.values.yaml"))
                .registries();

        assertThat(registries)
                .extracting(Registry::host)
                .containsExactly("docker.io", "plain.example.com:5000", "private.example.com");
        assertThat(registries.get(0).mirrors()).containsExactly("mirror.example.com:5000", "other.example.com/proxy");
        assertThat(registries.get(1).insecure()).isTrue();
        assertThat(registries.get(2).ca())
                .startsWith("-----BEGIN CERTIFICATE-----\n")
                .endsWith("-----END CERTIFICATE-----\n");
    }

    @Test
    void largeNumbersStayWhole() throws Exception {
        assertThat(load("worker: {retention: {failedSeconds: 2592000}}")
                        .worker()
                        .retention()
                        .failedSeconds())
                .isEqualTo(2_592_000);
    }

    @Test
    void limitsArriveAsWritten() throws Exception {
        var admission = load("admission: {maxRunning: 4, maxRunningPerPlatform: {linux/arm64: 2}}")
                .admission();

        assertThat(admission.maxRunning()).isEqualTo(4);
        assertThat(admission.maxRunningPerNamespace()).isNull();
        assertThat(admission.maxRunningPerPlatform()).containsExactly(Map.entry("linux/arm64", 2));
    }

    private OperatorConfiguration load(String values) throws Exception {
        String text =
                Chart.render(values).only("ConfigMap").at("/data/config.yaml").asText();
        return OperatorConfiguration.load(Files.writeString(folder.resolve("config.yaml"), text));
    }
}
