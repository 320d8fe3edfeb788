package build.kiln.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The operator's pod, against each rule of the Pod Security Standard {@code restricted}. */
class OperatorPodTest {
    private static final Set<String> VOLUME_TYPES = Set.of(
            "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret");

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{replicas: 3, logLevel: debug}", "{worker: {profile: Rootless}}"})
    void meetsRestricted(String values) {
        JsonNode spec = Chart.render(values).pod().path("spec");

        assertThat(spec.has("hostNetwork")).isFalse();
        assertThat(spec.has("hostPID")).isFalse();
        assertThat(spec.has("hostIPC")).isFalse();
        assertThat(spec.has("initContainers")).isFalse();
        assertThat(spec.at("/securityContext/sysctls").isMissingNode()).isTrue();
        assertThat(spec.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
        assertThat(spec.at("/securityContext/runAsUser").asInt()).isEqualTo(65532);
        assertThat(spec.at("/securityContext/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
        assertThat(spec.at("/securityContext/appArmorProfile").isMissingNode()).isTrue();
        assertThat(spec.at("/securityContext/seLinuxOptions").isMissingNode()).isTrue();
        assertThat(spec.path("volumes"))
                .isNotEmpty()
                .allSatisfy(volume -> assertThat(volume.properties().stream()
                                .map(Map.Entry::getKey)
                                .filter(key -> !key.equals("name")))
                        .hasSize(1)
                        .isSubsetOf(VOLUME_TYPES));
        assertThat(spec.path("containers")).hasSize(1).allSatisfy(OperatorPodTest::containerMeetsRestricted);
    }

    private static void containerMeetsRestricted(JsonNode container) {
        JsonNode context = container.path("securityContext");
        assertThat(context.path("allowPrivilegeEscalation").isBoolean()).isTrue();
        assertThat(context.path("allowPrivilegeEscalation").asBoolean()).isFalse();
        assertThat(context.path("privileged").asBoolean()).isFalse();
        assertThat(context.path("readOnlyRootFilesystem").asBoolean()).isTrue();
        assertThat(Chart.strings(context.at("/capabilities/drop"))).isEqualTo(List.of("ALL"));
        assertThat(context.at("/capabilities/add").isMissingNode()).isTrue();
        for (String overridden : List.of("runAsNonRoot", "runAsUser", "seccompProfile", "procMount")) {
            assertThat(context.has(overridden)).as(overridden).isFalse();
        }
        assertThat(container.path("ports"))
                .allSatisfy(port -> assertThat(port.has("hostPort")).isFalse());
    }

    @Test
    void tokenIsMountedIntoTheOperatorOnly() {
        Chart.Manifests manifests = Chart.render("{}");

        assertThat(manifests
                        .only("ServiceAccount")
                        .path("automountServiceAccountToken")
                        .asBoolean(true))
                .isFalse();
        assertThat(manifests.pod().at("/spec/automountServiceAccountToken").asBoolean())
                .isTrue();
        assertThat(manifests.pod().at("/spec/serviceAccountName").asText()).isEqualTo("kiln-operator");
    }

    @Test
    void probesAskThePortThatTheOperatorListensOn() {
        Chart.Manifests manifests = Chart.render("{}");
        JsonNode container = manifests.pod().at("/spec/containers/0");

        assertThat(container.at("/ports/0/containerPort"))
                .isEqualTo(manifests.configuration().at("/http/port"));
        assertThat(container.at("/ports/0/name").asText()).isEqualTo("http");
        assertThat(container.at("/livenessProbe/httpGet/path").asText()).isEqualTo("/livez");
        assertThat(container.at("/readinessProbe/httpGet/path").asText()).isEqualTo("/readyz");
        assertThat(manifests.only("Service").at("/spec/ports/0/targetPort").asText())
                .isEqualTo("http");
    }

    @Test
    void operatorReadsTheConfigurationWhereItIsMounted() {
        Chart.Manifests manifests = Chart.render("{}");
        JsonNode container = manifests.pod().at("/spec/containers/0");
        String mount = container.at("/volumeMounts/0/mountPath").asText();

        assertThat(container.path("env"))
                .anySatisfy(variable -> {
                    assertThat(variable.path("name").asText()).isEqualTo("KILN_CONFIG");
                    assertThat(variable.path("value").asText()).isEqualTo(mount + "/config.yaml");
                })
                .anySatisfy(variable -> assertThat(
                                variable.at("/valueFrom/fieldRef/fieldPath").asText())
                        .isEqualTo("metadata.namespace"));
        assertThat(manifests.pod().at("/spec/volumes/0/configMap/name"))
                .isEqualTo(manifests.only("ConfigMap").at("/metadata/name"));
    }

    @Test
    void replacedWithoutOverlapWhenNothingElectsALeader() {
        assertThat(Chart.render("leaderElection: {enabled: false}")
                        .only("Deployment")
                        .at("/spec/strategy/type")
                        .asText())
                .isEqualTo("Recreate");
    }
}
