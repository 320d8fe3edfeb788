package build.kiln.operator.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlacementPolicyTest {
    private static final NodeView AMD64 = node("amd64");
    private static final NodeView ARM64 = node("arm64");

    private final PlacementPolicy policy = new PlacementPolicy();

    @ParameterizedTest
    @CsvSource({
        "linux/amd64,    Native,   NativeNode",
        "linux/amd64/v2, Native,   NativeNode",
        "linux/arm64,    Emulated, NoNativeNode",
        "linux/arm64/v8, Emulated, NoNativeNode",
        "linux/386,      Emulated, NoNativeNode",
        "linux/arm/v7,   Emulated, NoNativeNode",
        "linux/s390x,    Emulated, NoNativeNode",
    })
    void aClusterOfAmd64NodesEmulatesEverythingElse(String platform, Mode mode, String reason) {
        assertThat(placed(platform, List.of(AMD64))).satisfies(placement -> {
            assertThat(placement.mode()).isEqualTo(mode);
            assertThat(placement.reason()).isEqualTo(reason);
        });
    }

    @Test
    void aNativePodMayOnlyRunOnNodesOfItsArchitecture() {
        Placement placement = placed("linux/arm64", List.of(AMD64, ARM64));

        assertThat(placement.mode()).isEqualTo(Mode.Native);
        assertThat(placement.nodeSelector())
                .isEqualTo(Map.of("kubernetes.io/os", "linux", "kubernetes.io/arch", "arm64"));
        assertThat(placement.architectures()).containsExactly("arm64");
    }

    @Test
    void anEmulatedPodRunsWhereverAWorkerImageExists() {
        Placement placement = placed("linux/riscv64", List.of(AMD64, ARM64));

        assertThat(placement.nodeSelector()).isEqualTo(Map.of("kubernetes.io/os", "linux"));
        assertThat(placement.architectures()).containsExactly("amd64", "arm64");
    }

    @Test
    void aNodeThatIsDownCordonedOrTaintedForOthersDoesNotCount() {
        NodeView down = new NodeView("down", "arm64", false, true, List.of());
        NodeView cordoned = new NodeView("cordoned", "arm64", true, false, List.of());
        NodeView dedicated = node("arm64", new Taint("NoSchedule", "dedicated", null, "gpu"));
        NodeView leaving = node("arm64", new Taint("NoExecute", "node.kubernetes.io/unreachable", null, null));

        assertThat(placed("linux/arm64", List.of(AMD64, down, cordoned, dedicated, leaving))
                        .reason())
                .isEqualTo("NoNativeNode");
    }

    @Test
    void theArchitectureTaintOfAProviderIsTolerated() {
        NodeView tainted = node(
                "arm64",
                new Taint("NoSchedule", "kubernetes.io/arch", null, "arm64"),
                new Taint("PreferNoSchedule", "anything", null, null));

        Placement placement = placed("linux/arm64", List.of(tainted));

        assertThat(placement.mode()).isEqualTo(Mode.Native);
        assertThat(placement.tolerations()).singleElement().satisfies(toleration -> {
            assertThat(toleration.getKey()).isEqualTo("kubernetes.io/arch");
            assertThat(toleration.getValue()).isEqualTo("arm64");
        });
    }

    @Test
    void aNodeThatNoWorkerImageRunsOnIsNamedAsTheReason() {
        assertThat(placed("linux/s390x", List.of(AMD64, node("s390x"))))
                .extracting(Placement::mode, Placement::reason)
                .containsExactly(Mode.Emulated, "NoWorkerImage");
    }

    @ParameterizedTest
    @ValueSource(strings = {"linux/x86_64", "windows/amd64", "linux", "linux/arm/v7/x", "linux/arm/7", "linux/loong64"})
    void aPlatformWithoutEmulatorIsRefusedWithThePossibleOnes(String platform) {
        assertThat(policy.place(platform, List.of(AMD64)))
                .asInstanceOf(type(PlacementDecision.Refused.class))
                .satisfies(refused -> assertThat(refused.possible()).contains("linux/amd64", "linux/arm"));
    }

    @Test
    void aNodeIsSeenAsTheApiServerShowsIt() {
        Node node = new NodeBuilder()
                .withNewMetadata()
                .withName("n1")
                .addToLabels("kubernetes.io/arch", "arm64")
                .endMetadata()
                .withNewSpec()
                .withUnschedulable(true)
                .addNewTaint("NoSchedule", "k", null, "v")
                .endSpec()
                .withNewStatus()
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .endCondition()
                .endStatus()
                .build();

        assertThat(NodeView.of(node))
                .isEqualTo(new NodeView("n1", "arm64", true, false, List.of(new Taint("NoSchedule", "k", null, "v"))));
        assertThat(NodeView.of(new NodeBuilder()
                        .withNewMetadata()
                        .withName("new")
                        .endMetadata()
                        .build()))
                .isEqualTo(new NodeView("new", "", false, true, List.of()));
    }

    private Placement placed(String platform, List<NodeView> nodes) {
        return assertThat(policy.place(platform, nodes))
                .asInstanceOf(type(Placement.class))
                .actual();
    }

    private static NodeView node(String architecture, Taint... taints) {
        return new NodeView("node-" + architecture, architecture, true, true, List.of(taints));
    }
}
