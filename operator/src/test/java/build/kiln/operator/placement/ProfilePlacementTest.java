package build.kiln.operator.placement;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.PlacementSettings;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.api.v1alpha1.WorkerSettings;
import build.kiln.operator.preflight.Experience;
import build.kiln.operator.preflight.NodeSoftware;
import build.kiln.operator.preflight.ProfileKnowledge;
import build.kiln.operator.preflight.ProfileWish;
import build.kiln.operator.preflight.Symptom;
import build.kiln.operator.testing.TestNodes;
import io.fabric8.kubernetes.api.model.Taint;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProfilePlacementTest {
    private static final NodeSoftware GOOD = new NodeSoftware("v1.36.3", "containerd://2.4.2", "6.18", "Debian", true);
    private static final NodeSoftware PLAIN =
            new NodeSoftware("v1.36.3", "containerd://2.4.2", "6.18", "Debian", false);
    private static final ProfileWish BASELINE = ProfileWish.of(WorkerSettings.Profile.Baseline, null);
    private static final ProfileWish ROOTLESS = ProfileWish.of(WorkerSettings.Profile.Rootless, null);
    private static final ProfileWish AUTO = ProfileWish.of(WorkerSettings.Profile.Auto, null);

    private final ProfilePlacement placement = new ProfilePlacement(new PlacementPolicy(Duration.ofMinutes(10)));
    private final List<NodeView> nodes = new ArrayList<>();
    private final List<Experience> met = new ArrayList<>();

    @Test
    void nodesThatCanRunItAreNotExplained() {
        node(GOOD, "good", "amd64");

        Placement placed = placed("linux/amd64", BASELINE);

        assertThat(placed.profile().profile()).isEqualTo(Profile.Baseline);
        assertThat(placed.profile().message()).isNull();
        assertThat(placed.profile().avoidedHosts()).isEmpty();
    }

    @Test
    void theOthersAreAvoided() {
        node(GOOD, "good", "amd64");
        node(PLAIN, "plain-2", "amd64");
        node(PLAIN, "plain-1", "amd64");
        node(PLAIN, "plain-arm", "arm64");

        Placement placed = placed("linux/amd64", BASELINE);

        assertThat(placed.profile().avoidedHosts()).containsExactly("plain-1", "plain-2");
        assertThat(placed.profile().unfit()).isNull();
        assertThat(placed.profile().message())
                .contains("nodes plain-1, plain-2 are avoided", "UserNamespacesUnsupported", "containerd 2.0");
        assertThat(placed("linux/amd64", ROOTLESS).profile().avoidedHosts()).isEmpty();
    }

    @Test
    void nodesThatNeverTakeThePodNeedNotBeAvoided() {
        node(GOOD, "good", "amd64");
        node(PLAIN, "dedicated", "amd64", new Taint("NoSchedule", "dedicated", null, "databases"));

        assertThat(placed("linux/amd64", BASELINE).profile().avoidedHosts()).isEmpty();
    }

    @Test
    void aPodNamesABoundedNumberOfNodes() {
        node(GOOD, "good", "amd64");
        IntStream.range(0, 100).forEach(i -> node(PLAIN, "plain-" + i, "amd64"));

        Placement placed = placed("linux/amd64", BASELINE);

        assertThat(placed.profile().avoidedHosts()).hasSize(ProfilePlacement.MOST_AVOIDED);
        assertThat(placed.profile().message()).contains("and 97 more");
    }

    @Test
    void withoutAnyNodeThatCanRunItThereIsNoPod() {
        node(PLAIN, "plain", "amd64");

        assertThat(place("linux/amd64", BASELINE, PlacementSettings.Mode.Auto, null))
                .isInstanceOfSatisfying(PlacementDecision.Unsupported.class, unsupported -> {
                    assertThat(unsupported.symptom()).isEqualTo(Symptom.UserNamespacesUnsupported);
                    assertThat(unsupported.message())
                            .contains("Baseline", "node plain", "containerd://2.4.2", "To mend it", "Rootless");
                });
        assertThat(placed("linux/amd64", ROOTLESS).profile().profile()).isEqualTo(Profile.Rootless);
    }

    @Test
    void whatPodsMetCountsAsWell() {
        node(GOOD, "good", "amd64");
        node(new NodeSoftware("v1.36.3", "containerd://2.4.2", "6.1", "Other", true), "other", "amd64");
        met.add(new Experience("pod", "good", Profile.Baseline, Symptom.AppArmorRestricted, Instant.EPOCH));

        assertThat(placed("linux/amd64", BASELINE).profile().avoidedHosts()).containsExactly("good");

        met.add(new Experience("pod", "other", Profile.Baseline, Symptom.UserNamespacesDisabled, Instant.EPOCH));
        assertThat(place("linux/amd64", BASELINE, PlacementSettings.Mode.Auto, null))
                .isInstanceOf(PlacementDecision.Unsupported.class);
        assertThat(placed("linux/amd64", ROOTLESS).profile().avoidedHosts()).containsExactly("other");
    }

    @Test
    void nativeNodesThatCannotRunItAreAsGoodAsNone() {
        node(PLAIN, "arm", "arm64");
        node(GOOD, "good", "amd64");

        Placement placed = placed("linux/arm64", BASELINE);

        assertThat(placed.mode()).isEqualTo(Mode.Emulated);
        assertThat(placed.reason()).isEqualTo(Placement.NO_NATIVE_NODE);
        assertThat(placed.message()).contains("arm cannot run workers (UserNamespacesUnsupported)");
    }

    @Test
    void whereNothingEmulatesNativeNodesStillTakeTheirPlatform() {
        node(GOOD, "good", "amd64");
        met.add(new Experience("pod", "good", Profile.Baseline, Symptom.EmulationUnavailable, Instant.EPOCH));

        assertThat(placed("linux/amd64", BASELINE).profile().message()).isNull();
        assertThat(place("linux/riscv64", BASELINE, PlacementSettings.Mode.Auto, null))
                .isInstanceOfSatisfying(
                        PlacementDecision.Unsupported.class,
                        unsupported -> assertThat(unsupported.message())
                                .contains("EmulationUnavailable", "a node of that architecture")
                                .doesNotContain("Or write"));
    }

    @Test
    void aNodeThatIsWaitedForMayBeAnother() {
        node(PLAIN, "arm", "arm64");
        node(GOOD, "good", "amd64");

        assertThat(place("linux/arm64", BASELINE, PlacementSettings.Mode.Auto, Duration.ofMinutes(5)))
                .isInstanceOfSatisfying(Placement.class, waits -> {
                    assertThat(waits.reason()).isEqualTo(Placement.AWAITING_NATIVE_NODE);
                    assertThat(waits.profile().avoidedHosts()).containsExactly("arm");
                });
        assertThat(place("linux/arm64", BASELINE, PlacementSettings.Mode.Native, null))
                .isInstanceOf(PlacementDecision.Unsupported.class);
    }

    @Test
    void aClusterThatHasNoNodeYetIsGivenAChance() {
        assertThat(placed("linux/amd64", BASELINE).reason()).isEqualTo(Placement.NO_OTHER_NODE);

        met.add(new Experience("pod", "gone", Profile.Baseline, Symptom.ProcMasked, Instant.EPOCH));
        assertThat(place("linux/amd64", BASELINE, PlacementSettings.Mode.Auto, null))
                .isInstanceOfSatisfying(
                        PlacementDecision.Unsupported.class,
                        unsupported -> assertThat(unsupported.message())
                                .contains("ProcMasked", "no policy that resets procMount"));
    }

    /** Each node: Baseline fit or not, and whether it takes pods now. */
    @ParameterizedTest
    @CsvSource({
        "fit now,             , Baseline",
        "plain now,           , Rootless",
        "fit now, plain now,    Baseline",
        "plain now, fit later,  Rootless",
        "plain later, fit later, Baseline",
        "plain later,         , Rootless",
        "                  ,  , Baseline",
    })
    void autoPrefersBaselineAmongTheNodesThatTakeThePod(
            @Nullable String first, @Nullable String second, Profile profile) {
        for (String node : Stream.of(first, second).filter(Objects::nonNull).toList()) {
            NodeView view = TestNodes.with(node.startsWith("fit") ? GOOD : PLAIN, node, "amd64");
            nodes.add(new NodeView(
                    view.name(),
                    view.labels(),
                    node.endsWith("now"),
                    true,
                    view.taints(),
                    view.allocatable(),
                    view.software()));
        }

        assertThat(placed("linux/amd64", AUTO).profile().profile()).isEqualTo(profile);
    }

    @Test
    void autoRunsNativelyAsRootlessRatherThanEmulatedAsBaseline() {
        node(PLAIN, "arm", "arm64");
        node(GOOD, "good", "amd64");

        Placement placed = placed("linux/arm64", AUTO);

        assertThat(placed.mode()).isEqualTo(Mode.Native);
        assertThat(placed.profile().profile()).isEqualTo(Profile.Rootless);
        assertThat(placed.profile().unfit()).isEqualTo(Symptom.UserNamespacesUnsupported);
    }

    @ParameterizedTest
    @CsvSource({"privileged, 2", "baseline, 1", "restricted, 1", "privilegd, 1", ", 2"})
    void theNamespaceHasASayInAuto(@Nullable String podSecurity, int profiles) {
        assertThat(ProfileWish.of(WorkerSettings.Profile.Auto, podSecurity).profiles())
                .hasSize(profiles);
    }

    private void node(NodeSoftware software, String name, String architecture, Taint... taints) {
        nodes.add(TestNodes.with(software, name, architecture, taints));
    }

    private Placement placed(String platform, ProfileWish wish) {
        PlacementDecision decision = place(platform, wish, PlacementSettings.Mode.Auto, null);
        assertThat(decision).isInstanceOf(Placement.class);
        return (Placement) decision;
    }

    private PlacementDecision place(
            String platform, ProfileWish wish, PlacementSettings.Mode mode, @Nullable Duration nativeWait) {
        Map<String, NodeSoftware> software =
                nodes.stream().collect(Collectors.toMap(NodeView::name, NodeView::software));
        return placement.place(
                new PlacementRequest(platform, mode, Map.of(), List.of(), Map.of(), nativeWait, null),
                nodes,
                wish,
                ProfileKnowledge.of(software, met, List.of()));
    }
}
