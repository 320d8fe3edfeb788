package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.api.v1alpha1.Refusal;
import build.kiln.operator.metrics.NodeMetrics.Unsupported;
import build.kiln.operator.placement.NodeView;
import build.kiln.operator.preflight.NodeSoftware;
import build.kiln.operator.testing.TestNodes;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UnsupportedNodesTest {
    private static final Instant NOW = Instant.parse("2026-11-23T10:30:00Z");
    private static final List<NodeView> NODES = List.of(
            node("plain", "6.18", false), node("a-1", "6.1", true), node("a-2", "6.1", true), node("b", "6.2", true));

    @Test
    void countsNodesThatSaySoAndThoseLikeOneThatRefusedAPod() {
        assertThat(UnsupportedNodes.count(NODES, List.of(refused("UserNamespacesDisabled")), List.of(), NOW))
                .isEqualTo(Map.of(
                        new Unsupported("Baseline", "UserNamespacesUnsupported"), 1L,
                        new Unsupported("Baseline", "UserNamespacesDisabled"), 2L,
                        new Unsupported("Rootless", "UserNamespacesDisabled"), 2L));
    }

    @Test
    void aPolicyThatChangesPodsIsNoNodesFault() {
        assertThat(UnsupportedNodes.count(NODES, List.of(refused("ProcMasked")), List.of(), NOW))
                .isEqualTo(Map.of(new Unsupported("Baseline", "UserNamespacesUnsupported"), 1L));
    }

    @Test
    void aPodThatIsGoneCountsByItsRecord() {
        Refusal record = new Refusal("a-2", Profile.Baseline, "TooFewIDs", 3, "2026-11-23T10:00:00Z");

        assertThat(UnsupportedNodes.count(
                        NODES,
                        List.of(),
                        List.of(ImageBuildStatusBuilder.builder()
                                .refusals(List.of(record))
                                .build()),
                        NOW))
                .containsEntry(new Unsupported("Baseline", "TooFewIDs"), 2L);
    }

    @Test
    void forgetsAfterAnHour() {
        assertThat(UnsupportedNodes.count(
                        NODES, List.of(refused("TooFewIDs")), List.of(), NOW.plus(Duration.ofHours(1))))
                .hasSize(1);
    }

    private static Pod refused(String symptom) {
        return Serialization.unmarshal("""
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: p, namespace: shop}
                        spec:
                          nodeName: a-1
                          initContainers: [{name: buildkitd, env: [{name: KILN_PROFILE, value: Baseline}]}]
                        status:
                          initContainerStatuses:
                          - name: buildkitd
                            state:
                              terminated:
                                exitCode: 78
                                finishedAt: "2026-11-23T10:00:00Z"
                                message: "kiln-buildkitd: unsupported: %s: what; remedy"
                        """.formatted(symptom), Pod.class);
    }

    private static NodeView node(String name, String kernel, boolean userNamespaces) {
        return TestNodes.with(
                new NodeSoftware("v1.36.3", "containerd://2.4.2", kernel, "Debian", userNamespaces), name, "amd64");
    }
}
