package build.kiln.operator.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.api.v1alpha1.WorkerSettings.Profile;
import build.kiln.operator.config.OperatorConfiguration.PullPolicy;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OperatorConfigurationTest {
    private static final String IMAGES = """
            images:
              worker: registry.example.com/kiln/worker:1.0
              buildkit: registry.example.com/kiln/buildkit:1.0
            """;

    @TempDir
    Path folder;

    @Test
    void theImagesAreEnough() throws Exception {
        OperatorConfiguration configuration = load(IMAGES);

        assertThat(configuration.images().pullPolicy()).isEqualTo(PullPolicy.IfNotPresent);
        assertThat(configuration.watchNamespaces()).isEmpty();
        assertThat(configuration.registries()).isEmpty();
        assertThat(configuration.leaderElection())
                .isEqualTo(new OperatorConfiguration.LeaderElection(true, "kiln-operator"));
        assertThat(configuration.http().port()).isEqualTo(8080);
        OperatorConfiguration.Worker worker = configuration.worker();
        assertThat(worker.profile()).isEqualTo(Profile.Baseline);
        assertThat(worker.stateSizeLimit()).isEqualTo(new Quantity("20Gi"));
        assertThat(worker.startTimeout()).isEqualTo(Duration.ofMinutes(10));
        assertThat(worker.retention()).isEqualTo(new OperatorConfiguration.Retention(600, 3600));
        assertThat(worker.sweepInterval()).isEqualTo(Duration.ofMinutes(10));
        assertThat(configuration.admission())
                .isEqualTo(new OperatorConfiguration.Admission(null, null, Map.of(), 1800));
        assertThat(worker.resources().worker().limits()).isEqualTo(Map.of("memory", new Quantity("256Mi")));
        assertThat(worker.resources().buildkitd().requests()).containsOnlyKeys("cpu", "memory", "ephemeral-storage");
    }

    @Test
    void whatTheFileSaysGoesBeforeTheDefaultsKeyByKey() throws Exception {
        OperatorConfiguration configuration = load(IMAGES + """
                worker:
                  profile: Rootless
                  resources:
                    buildkitd: {requests: {cpu: 2}, limits:}
                registries:
                - {host: docker.io, mirrors: ["10.99.0.2:5000"]}
                - {host: "10.99.0.2:5000", insecure: true}
                leaderElection: {enabled: false}
                watchNamespaces:
                """);

        assertThat(configuration.worker().profile()).isEqualTo(Profile.Rootless);
        assertThat(configuration.worker().resources().buildkitd().requests())
                .containsEntry("cpu", new Quantity("2"))
                .containsEntry("memory", new Quantity("512Mi"));
        assertThat(configuration.registries())
                .containsExactly(
                        new OperatorConfiguration.Registry("docker.io", List.of("10.99.0.2:5000"), false, null),
                        new OperatorConfiguration.Registry("10.99.0.2:5000", List.of(), true, null));
        assertThat(configuration.leaderElection())
                .isEqualTo(new OperatorConfiguration.LeaderElection(false, "kiln-operator"));
        assertThat(configuration.watchNamespaces()).isEmpty();
    }

    @Test
    void limitsAreReadAsWritten() throws Exception {
        OperatorConfiguration configuration = load(IMAGES + """
                admission:
                  maxRunning: 4
                  maxRunningPerNamespace:
                  maxRunningPerPlatform: {linux/arm64: 2}
                """);

        assertThat(configuration.admission())
                .isEqualTo(new OperatorConfiguration.Admission(4, null, Map.of("linux/arm64", 2), 1800));
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                Arguments.of(IMAGES + "wroker: {}", List.of("wroker", "unknown key", "watchNamespaces, worker")),
                Arguments.of(
                        IMAGES + "worker: {retention: {days: 3}}", List.of("worker.retention.days", "failedSeconds")),
                Arguments.of(
                        IMAGES + "worker: {profile: Privileged}",
                        List.of("worker.profile", "\"Privileged\"", "Baseline, Rootless")),
                Arguments.of(
                        IMAGES + "worker: {startTimeoutSeconds: soon}", List.of("startTimeoutSeconds", "whole number")),
                Arguments.of(IMAGES + "worker: {startTimeoutSeconds: 0}", List.of("worker.startTimeoutSeconds: 0")),
                Arguments.of(IMAGES + "worker: {stateSizeLimit: big}", List.of("worker.stateSizeLimit", "20Gi")),
                Arguments.of(IMAGES + "worker: many", List.of("worker", "a map")),
                Arguments.of(IMAGES + "admission: {maxRunning: 0}", List.of("admission.maxRunning: 0", "above 0")),
                Arguments.of(IMAGES + "admission: {maxRunning: lots}", List.of("admission.maxRunning", "whole number")),
                Arguments.of(
                        IMAGES + "admission: {maxRunningPerPlatform: {arm64: 2}}",
                        List.of("admission.maxRunningPerPlatform.arm64", "linux/arm64")),
                Arguments.of(
                        IMAGES + "admission: {maxRunningPerPlatform: {linux/arm64: -1}}",
                        List.of("admission.maxRunningPerPlatform.linux/arm64: -1")),
                Arguments.of(IMAGES + "worker: {sweepIntervalSeconds: 0}", List.of("worker.sweepIntervalSeconds: 0")),
                Arguments.of(IMAGES + "http: {port: 70000}", List.of("http.port: 70000", "65535")),
                Arguments.of(IMAGES + "watchNamespaces: shop", List.of("watchNamespaces", "a list")),
                Arguments.of(IMAGES + "registries: [{mirrors: [a]}]", List.of("registries[0].host: missing")),
                Arguments.of(IMAGES + "registries: [{host: a.example, ca: nonsense}]", List.of("a.example", "PEM")),
                Arguments.of(
                        IMAGES + "registries: [{host: a.example}, {host: a.example}]",
                        List.of("registries", "more than one entry")),
                Arguments.of("images: {worker: a/b}", List.of("images.buildkit: missing")),
                Arguments.of("images: {worker: 'A B', buildkit: b}", List.of("images.worker", "not valid")),
                Arguments.of("images: {", List.of("line 1", "not YAML")),
                Arguments.of("", List.of("write a map")));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void aMistakeIsNamedWithFileKeyAndRemedy(String text, List<String> parts) {
        assertThatThrownBy(() -> load(text))
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageStartingWith(folder.resolve("config.yaml").toString())
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> OperatorConfiguration.load(folder.resolve("none.yaml")))
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContainingAll("none.yaml", "no such file", "KILN_CONFIG");
    }

    private OperatorConfiguration load(String text) throws IOException, InvalidConfigurationException {
        return OperatorConfiguration.load(Files.writeString(folder.resolve("config.yaml"), text));
    }
}
