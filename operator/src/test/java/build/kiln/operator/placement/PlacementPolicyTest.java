package build.kiln.operator.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import build.kiln.api.v1alpha1.PlacementSettings;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.operator.preflight.NodeSoftware;
import build.kiln.operator.testing.TestNodes;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlacementPolicyTest {
    private static final NodeView AMD64 = TestNodes.ready("amd-1", "amd64");
    private static final NodeView ARM64 = TestNodes.ready("arm-1", "arm64");

    private static final Map<String, Quantity> CPUS = Map.of("cpu", new Quantity("3500m"));

    private final PlacementPolicy policy = new PlacementPolicy(Duration.ofMinutes(10));

    @ParameterizedTest
    @CsvSource({
        "linux/amd64,    Native,   NativeNode",
        "linux/amd64/v2, Native,   NativeNode",
        "linux/amd64/v3, Native,   NativeNode",
        "linux/arm64,    Emulated, NoNativeNode",
        "linux/arm64/v8, Emulated, NoNativeNode",
        "linux/386,      Emulated, CompatibleNode",
        "linux/arm/v7,   Emulated, NoNativeNode",
        "linux/riscv64,  Emulated, NoNativeNode",
        "linux/ppc64le,  Emulated, NoNativeNode",
        "linux/s390x,    Emulated, NoNativeNode",
    })
    void aClusterOfAmd64NodesEmulatesEverythingElse(String platform, Mode mode, String reason) {
        assertPlaced(placed(platform, AMD64), mode, reason);
    }

    /** Nodes as they appear, vanish, are cordoned, tainted, or too small, and where the pod for linux/arm64 goes. */
    static Stream<Arguments> nodesComeAndGo() {
        Taint gpu = new Taint("NoSchedule", "gpu", null, "a100");
        Taint starting = new Taint("NoSchedule", "node.cloudprovider.kubernetes.io/uninitialized", null, "true");
        return Stream.of(
                row("Auto", null, null, "Native NativeNode", AMD64, ARM64),
                row("Auto", null, null, "Native NativeNode", AMD64, down(ARM64), ARM64),
                row("Auto", null, null, "Emulated NoNativeNode", AMD64),
                row("Auto", null, null, "Emulated NoNativeNode", AMD64, tainted(ARM64, gpu)),
                row("Auto", null, null, "Emulated NoNativeNode", AMD64, sized(ARM64, "2")),
                row("Auto", null, null, "Emulated NoNativeNode", down(AMD64), sized(ARM64, "2")),
                // One that may take it later is waited for.
                row("Auto", null, null, "Native AwaitingNativeNode", AMD64, down(ARM64)),
                row("Auto", null, null, "Native AwaitingNativeNode", AMD64, cordoned(ARM64)),
                row("Auto", null, null, "Native AwaitingNativeNode", AMD64, tainted(ARM64, starting)),
                row("Auto", 0, null, "Emulated NoNativeNode", AMD64, down(ARM64)),
                row("Auto", null, 119, "Native AwaitingNativeNode", AMD64, down(ARM64)),
                row("Auto", null, 120, "Emulated NativeWaitOver", AMD64, down(ARM64)),
                // A pool that scales from zero shows no node.
                row("Auto", 300, null, "Native AwaitingNativeNode", AMD64),
                row("Auto", 300, 299, "Native AwaitingNativeNode", AMD64),
                row("Auto", 300, 300, "Emulated NativeWaitOver", AMD64),
                // A node that looks well, but the scheduler says that it is full.
                row("Auto", null, 119, "Native NativeNode", AMD64, ARM64),
                row("Auto", null, 120, "Emulated NativeWaitOver", AMD64, ARM64),
                row("Auto", 0, 0, "Emulated NativeWaitOver", AMD64, ARM64),
                // It vanishes meanwhile.
                row("Auto", null, 60, "Emulated NativeWaitOver", AMD64),
                // Nothing to emulate on.
                row("Auto", null, null, "Native NoOtherNode", sized(AMD64, "2"), down(ARM64)),
                row("Auto", 10, 500, "Native NoOtherNode", down(ARM64)),
                row("Auto", 10, 500, "Native NativeNode", ARM64),
                row("Auto", null, null, "Native NoOtherNode"),
                row("Native", null, null, "Native NativeNode", AMD64, ARM64),
                row("Native", 0, 500, "Native NativeOnly", AMD64),
                row("Native", null, null, "Native NativeOnly", AMD64, cordoned(ARM64)),
                row("Native", null, null, "Native NativeOnly"),
                row("Emulated", 300, null, "Emulated EmulatedOnly", AMD64, ARM64),
                row("Emulated", null, null, "Emulated EmulatedOnly", down(AMD64), ARM64),
                row("Emulated", null, null, "Native NoOtherNode", ARM64),
                row("Emulated", null, null, "Native NoOtherNode", tainted(AMD64, gpu), ARM64));
    }

    @ParameterizedTest
    @MethodSource
    void nodesComeAndGo(
            PlacementSettings.Mode mode,
            @Nullable Integer wait,
            @Nullable Integer waited,
            String expected,
            List<NodeView> nodes) {
        PlacementRequest request =
                new PlacementRequest("linux/arm64", mode, Map.of(), List.of(), CPUS, seconds(wait), seconds(waited));

        Placement placement = (Placement) policy.place(request, nodes);

        assertThat(placement.mode() + " " + placement.reason()).isEqualTo(expected);
    }

    @Test
    void whatStandsAgainstEachNodeIsSaid() {
        NodeView four = TestNodes.ready("arm-4", "arm64", new Taint("NoExecute", "leaving", null, null));

        assertThat(placed("linux/arm64", AMD64, down(ARM64), cordoned(ARM64), sized(ARM64, "500m"), four)
                        .message())
                .isEqualTo("no node of arm64 can take the pod: arm-1 is not ready, arm-1 is cordoned,"
                        + " arm-1 has 500m cpu for pods, this one asks for 1, and 1 more");
        assertThat(placed("linux/arm64", AMD64, four).message())
                .isEqualTo("no node of arm64 can take the pod: arm-4 has the taint leaving:NoExecute");
        assertThat(placed("linux/arm64", AMD64).message()).isEqualTo("no node has the architecture arm64");
        assertThat(placed("linux/arm64", ARM64).message()).isNull();
    }

    @Test
    void aNativePodMayOnlyRunOnNodesOfItsArchitecture() {
        Placement placement = placed("linux/arm64", AMD64, ARM64);

        assertPlaced(placement, Mode.Native, "NativeNode");
        assertThat(placement.nodeSelector())
                .isEqualTo(Map.of("kubernetes.io/os", "linux", "kubernetes.io/arch", "arm64"));
        assertThat(placement.architectures()).containsExactly("arm64");
    }

    @Test
    void anEmulatedPodNeverRunsOnANodeOfItsArchitecture() {
        assertThat(placed("linux/arm64", AMD64).nodeSelector())
                .isEqualTo(Map.of("kubernetes.io/os", "linux", "kubernetes.io/arch", "amd64"));
    }

    @Test
    void anEmulatedPodRunsWhereverAWorkerImageExists() {
        Placement placement = placed("linux/riscv64", AMD64, ARM64);

        assertThat(placement.nodeSelector()).isEqualTo(Map.of("kubernetes.io/os", "linux"));
        assertThat(placement.architectures()).containsExactly("amd64", "arm64");
        assertThat(placement.preferredArchitecture()).isNull();
    }

    @ParameterizedTest
    @CsvSource({"linux/arm/v7, arm64", "linux/386, amd64"})
    void programsOfAnOlderProcessorGoWhereANewerOneMayRunThem(String platform, String preferred) {
        Placement placement = placed(platform, AMD64, ARM64);

        assertPlaced(placement, Mode.Emulated, "CompatibleNode");
        assertThat(placement.preferredArchitecture()).isEqualTo(preferred);
        assertThat(placement.architectures()).containsExactly("amd64", "arm64");
    }

    @Test
    void programsOfANewerProcessorGoWhereItsFeaturesAreKnown() {
        String avx2 = "feature.node.kubernetes.io/cpu-cpuid.AVX2";
        NodeView old = labelled(AMD64, "feature.node.kubernetes.io/cpu-cpuid.AESNI", "true");
        NodeView modern = labelled(AMD64, avx2, "true");

        assertThat(placed("linux/amd64/v3", old, modern).nodeSelector()).containsEntry(avx2, "true");
        assertThat(placed("linux/amd64/v2", old).nodeSelector()).doesNotContainKey(avx2);
        assertThat(placed("linux/amd64/v3", AMD64).nodeSelector()).doesNotContainKey(avx2);
        assertThat(placed("linux/amd64/v3", old)).satisfies(placement -> {
            assertPlaced(placement, Mode.Native, "NoOtherNode");
            assertThat(placement.message()).contains("amd-1 has no AVX2");
        });
        assertPlaced(placed("linux/amd64/v3", old, ARM64), Mode.Emulated, "NoNativeNode");
    }

    @Test
    void theArchitectureTaintOfAProviderIsTolerated() {
        NodeView tainted = tainted(ARM64, new Taint("NoSchedule", "kubernetes.io/arch", null, "arm64"));

        Placement placement =
                placed("linux/arm64", tainted(tainted, new Taint("PreferNoSchedule", "anything", null, null)));

        assertPlaced(placement, Mode.Native, "NativeNode");
        assertThat(placement.tolerations()).singleElement().satisfies(toleration -> {
            assertThat(toleration.getKey()).isEqualTo("kubernetes.io/arch");
            assertThat(toleration.getValue()).isEqualTo("arm64");
        });
        assertPlaced(placed("linux/amd64", tainted), Mode.Emulated, "NoNativeNode");
    }

    @Test
    void labelsAndTaintsOfTheSpecChooseAmongNodes() {
        NodeView pool =
                labelled(tainted(ARM64, new Taint("NoSchedule", "dedicated", null, "builds")), "pool", "builds");
        PlacementRequest request = new PlacementRequest(
                "linux/arm64",
                PlacementSettings.Mode.Auto,
                Map.of("pool", "builds"),
                List.of(new Toleration("NoSchedule", "dedicated", null, null, "builds")),
                Map.of(),
                null,
                null);

        Placement found = (Placement) policy.place(request, List.of(AMD64, pool));
        Placement missing = (Placement) policy.place(request, List.of(AMD64, ARM64));

        assertPlaced(found, Mode.Native, "NativeNode");
        assertThat(found.nodeSelector()).containsEntry("pool", "builds");
        assertThat(found.tolerations()).hasSize(2);
        assertPlaced(missing, Mode.Native, "NoOtherNode");
        assertThat(missing.message()).contains("arm-1 lacks the label pool=builds", "amd-1 lacks");
    }

    @Test
    void aNodeThatNoWorkerImageRunsOnIsNamedAsTheReason() {
        assertPlaced(placed("linux/s390x", AMD64, TestNodes.ready("z", "s390x")), Mode.Emulated, "NoWorkerImage");
    }

    @ParameterizedTest
    @ValueSource(strings = {"linux/x86_64", "windows/amd64", "linux", "linux/arm/v7/x", "linux/arm/7", "linux/loong64"})
    void aPlatformWithoutEmulatorIsRefusedWithThePossibleOnes(String platform) {
        assertThat(policy.place(request(platform, PlacementSettings.Mode.Auto), List.of(AMD64)))
                .asInstanceOf(type(PlacementDecision.Refused.class))
                .satisfies(refused -> assertThat(refused.message())
                        .contains("spec.platforms", platform, "linux/amd64", "linux/arm,"));
    }

    @Test
    void nativeIsRefusedWhereNoWorkerImageExists() {
        assertThat(policy.place(request("linux/riscv64", PlacementSettings.Mode.Native), List.of(AMD64)))
                .asInstanceOf(type(PlacementDecision.Refused.class))
                .satisfies(refused -> assertThat(refused.message())
                        .contains("spec.placement", "linux/riscv64", "amd64 and arm64", "Auto"));
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
                .addToAllocatable("cpu", new Quantity("4"))
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .endCondition()
                .endStatus()
                .build();

        assertThat(NodeView.of(node))
                .isEqualTo(new NodeView(
                        "n1",
                        Map.of("kubernetes.io/arch", "arm64"),
                        true,
                        false,
                        List.of(new Taint("NoSchedule", "k", null, "v")),
                        Map.of("cpu", new Quantity("4")),
                        NodeSoftware.UNKNOWN));
        assertThat(NodeView.of(new NodeBuilder()
                        .withNewMetadata()
                        .withName("new")
                        .endMetadata()
                        .build()))
                .isEqualTo(new NodeView("new", Map.of(), false, true, List.of(), Map.of(), NodeSoftware.UNKNOWN));
    }

    private static Arguments row(
            String mode, @Nullable Integer wait, @Nullable Integer waited, String expected, NodeView... nodes) {
        return Arguments.of(PlacementSettings.Mode.valueOf(mode), wait, waited, expected, Arrays.asList(nodes));
    }

    private static @Nullable Duration seconds(@Nullable Integer seconds) {
        return seconds == null ? null : Duration.ofSeconds(seconds);
    }

    private static void assertPlaced(Placement placement, Mode mode, String reason) {
        assertThat(placement).extracting(Placement::mode, Placement::reason).containsExactly(mode, reason);
    }

    private Placement placed(String platform, NodeView... nodes) {
        return assertThat(policy.place(request(platform, PlacementSettings.Mode.Auto), List.of(nodes)))
                .asInstanceOf(type(Placement.class))
                .actual();
    }

    private static PlacementRequest request(String platform, PlacementSettings.Mode mode) {
        return new PlacementRequest(platform, mode, Map.of(), List.of(), Map.of("cpu", new Quantity("1")), null, null);
    }

    private static NodeView down(NodeView node) {
        return new NodeView(
                node.name(), node.labels(), false, true, node.taints(), node.allocatable(), node.software());
    }

    private static NodeView cordoned(NodeView node) {
        return new NodeView(
                node.name(),
                node.labels(),
                true,
                false,
                List.of(new Taint("NoSchedule", "node.kubernetes.io/unschedulable", null, null)),
                node.allocatable(),
                node.software());
    }

    private static NodeView tainted(NodeView node, Taint taint) {
        return new NodeView(
                node.name(),
                node.labels(),
                true,
                true,
                Stream.concat(node.taints().stream(), Stream.of(taint)).toList(),
                node.allocatable(),
                node.software());
    }

    private static NodeView sized(NodeView node, String cpu) {
        return new NodeView(
                node.name(),
                node.labels(),
                true,
                true,
                node.taints(),
                Map.of("cpu", new Quantity(cpu)),
                node.software());
    }

    private static NodeView labelled(NodeView node, String label, String value) {
        Map<String, String> labels = new HashMap<>(node.labels());
        labels.put(label, value);
        return new NodeView(node.name(), labels, true, true, node.taints(), node.allocatable(), node.software());
    }
}
