package build.kiln.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.SourceTree;
import com.fasterxml.jackson.databind.JsonNode;
import com.marcnuri.helm.Helm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChartRenderTest {
    private static final Path GOLDEN = SourceTree.ROOT.resolve("helm/src/test/resources/golden");

    @Test
    void passesHelmLint() {
        var result = new Helm(Chart.FOLDER).lint().strict().call();

        assertThat(result.isFailed())
                .as(String.join("\n", result.getMessages()))
                .isFalse();
    }

    /** What an administrator reviews before an upgrade; the CustomResourceDefinition has tests of its own. */
    @ParameterizedTest
    @ValueSource(strings = {"default", "high-availability", "namespaces", "registries", "everything"})
    void rendersAsReviewed(String name) throws IOException {
        Path golden = GOLDEN.resolve(name + ".yaml");
        String values = Files.readString(GOLDEN.resolve(name + ".values.yaml"));

        String rendered = Chart.text(Chart.REPOSITORIES, "crds: {enabled: false}", values);

        if (Boolean.getBoolean("kiln.updateGolden")) {
            Files.writeString(golden, rendered);
        }
        assertThat(golden)
                .as("the chart's output changed: run mvn -pl helm test -Dkiln.updateGolden=true and review the diff")
                .hasContent(rendered);
    }

    @Test
    void digestGoesBeforeTheTag() {
        String digest = "sha256:" + "0123456789abcdef".repeat(4);

        Chart.Manifests manifests = Chart.render("""
                image:
                  operator: {tag: v9, digest: "%s"}
                  worker: {digest: "%s"}
                  buildkit: {tag: v7}
                """.formatted(digest, digest));

        assertThat(manifests.pod().at("/spec/containers/0/image").asText())
                .isEqualTo("registry.example.com/kiln/operator@" + digest);
        assertThat(manifests.configuration().at("/images/worker").asText())
                .isEqualTo("registry.example.com/kiln/worker@" + digest);
        assertThat(manifests.configuration().at("/images/buildkit").asText())
                .isEqualTo("registry.example.com/kiln/buildkit:v7");
    }

    @Test
    void missingRepositorySaysWhatToSet() {
        assertThatThrownBy(() -> Chart.text("image: {operator: {repository: r.example.com/o}}"))
                .hasMessageContaining("image.worker.repository is not set");
    }

    @Test
    void changedConfigurationRestartsTheOperatorAndNothingElseDoes() {
        String checksum = checksum("{}");

        assertThat(checksum("worker: {startTimeoutSeconds: 60}")).isNotEqualTo(checksum);
        assertThat(checksum("priorityClassName: high")).isEqualTo(checksum);
    }

    @Test
    void twoOperatorsWithoutElectionAreRefused() {
        assertThatThrownBy(() -> Chart.render("{replicas: 2, leaderElection: {enabled: false}}"))
                .hasMessageContaining("Enable leaderElection or set replicas to 1");
    }

    @Test
    void serviceMonitorWithoutServiceIsRefused() {
        assertThatThrownBy(() -> Chart.render("metrics: {service: {enabled: false}, serviceMonitor: {enabled: true}}"))
                .hasMessageContaining("needs metrics.service.enabled");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5})
    void drainIsNeverBlocked(int replicas) {
        JsonNode budget = Chart.render("replicas: " + replicas)
                .only("PodDisruptionBudget")
                .path("spec");

        assertThat(budget.path("maxUnavailable").asInt()).isEqualTo(1);
        assertThat(budget.has("minAvailable")).isFalse();
        assertThat(budget.path("unhealthyPodEvictionPolicy").asText()).isEqualTo("AlwaysAllow");
    }

    @Test
    void newOperatorStandsByBeforeTheOldOneStops() {
        JsonNode strategy = Chart.render("{}").only("Deployment").at("/spec/strategy");

        assertThat(strategy.path("type").asText()).isEqualTo("RollingUpdate");
        assertThat(strategy.at("/rollingUpdate/maxSurge").asInt()).isEqualTo(1);
        assertThat(strategy.at("/rollingUpdate/maxUnavailable").asInt(-1)).isZero();
    }

    @Test
    void everyObjectCarriesTheCommonLabelsAndItsOwn() {
        List<JsonNode> objects = Chart.render("""
                commonLabels: {team: build, app.kubernetes.io/part-of: other}
                replicas: 2
                watchNamespaces: [a]
                networkPolicy: {enabled: true}
                metrics: {serviceMonitor: {enabled: true}}
                """).objects();

        assertThat(objects).hasSizeGreaterThan(12).allSatisfy(object -> {
            JsonNode labels = object.at("/metadata/labels");
            assertThat(labels.path("team").asText()).isEqualTo("build");
            assertThat(labels.path("app.kubernetes.io/part-of").asText()).isEqualTo("kiln");
            assertThat(labels.path("app.kubernetes.io/instance").asText()).isEqualTo("kiln");
        });
    }

    @Test
    void selectorsFindTheOperatorWhateverItsLabelsAre() {
        Chart.Manifests manifests = Chart.render("""
                replicas: 2
                podLabels: {app.kubernetes.io/name: mine, zone: a}
                networkPolicy: {enabled: true}
                """);
        JsonNode labels = manifests.pod().at("/metadata/labels");

        assertThat(List.of(
                        manifests.only("Deployment").at("/spec/selector/matchLabels"),
                        manifests.only("Service").at("/spec/selector"),
                        manifests.only("PodDisruptionBudget").at("/spec/selector/matchLabels"),
                        manifests.only("NetworkPolicy").at("/spec/podSelector/matchLabels")))
                .allSatisfy(selector -> assertThat(selector.properties())
                        .isNotEmpty()
                        .allSatisfy(
                                label -> assertThat(labels.path(label.getKey())).isEqualTo(label.getValue())));
    }

    private static String checksum(String values) {
        return Chart.render(values)
                .pod()
                .at("/metadata/annotations/checksum~1config")
                .asText();
    }
}
