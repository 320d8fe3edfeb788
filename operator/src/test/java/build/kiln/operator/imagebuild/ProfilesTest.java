package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Refusal;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.preflight.NodeSoftware;
import build.kiln.operator.preflight.Symptom;
import build.kiln.operator.status.Transition;
import build.kiln.operator.status.Transitions;
import build.kiln.operator.testing.TestNodes;
import build.kiln.operator.worker.WorkerAssignment;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Nodes that cannot run a worker, known before or found out by trying. */
class ProfilesTest {
    private static final String AMD64 = "linux/amd64";
    private static final String ONE = Specs.INLINE.replace("[linux/amd64, linux/arm64]", "[linux/amd64]");
    private static final String AUTO = ONE + "worker: {profile: Auto}\n";
    private static final NodeSoftware GOOD = software("6.18", true);
    private static final NodeSoftware OTHER = software("6.1", true);
    private static final NodeSoftware PLAIN = software("6.18", false);

    @Test
    void aNodeThatSaysItCannotGetsNoPod() {
        Scenario build = build(ONE, PLAIN);

        build.run();

        assertThat(build.pods).isEmpty();
        assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
        assertThat(build.failure().reason()).isEqualTo(FailureReason.WorkerUnsupported);
        assertThat(ready(build).message()).contains("Baseline", "node n1", "user namespaces", "containerd 2.0");
        assertUnsupported(build, "UserNamespacesUnsupported", "linux/amd64 cannot be built", "containerd 2.0");
    }

    @Test
    void itIsAvoidedWhereOthersCan() {
        Scenario build = build(ONE, PLAIN, GOOD);

        WorkerAssignment assignment = created(build);

        assertThat(assignment.placement().profile().avoidedHosts()).containsExactly("n1");
        assertThat(platform(build).profile()).isEqualTo(Profile.Baseline);
        assertThat(platform(build).profileReason()).isNull();
        assertThat(platform(build).profileMessage()).contains("node n1 is avoided");
        assertThat(build.condition("ProfileUnsupported")).isEmpty();
    }

    @Test
    void aPodThatWasRefusedGivesWayToOneOnAnotherNode() {
        Scenario build = build(ONE, GOOD, OTHER);
        build.run();
        build.settle();
        ImageBuildStatus before = build.status;

        build.refuse(AMD64, "n1", Symptom.AppArmorRestricted);
        assertThat(build.settle()).isInstanceOf(Decision.CreatePods.class);

        assertThat(platform(build)).satisfies(platform -> {
            assertThat(platform.state()).isEqualTo(State.Pending);
            assertThat(platform.attempt()).isEqualTo(2);
            assertThat(platform.failedAttempts()).isNull();
            assertThat(platform.profileMessage()).contains("node n1 is avoided", "AppArmorRestricted");
        });
        assertThat(Transitions.between(before, build.status))
                .extracting(Transition::reason)
                .containsExactly("ProfileUnsupported");
        assertThat(created(build).placement().profile().avoidedHosts()).containsExactly("n1");
    }

    @Test
    void whatIsFoundOutHoldsForTheRunWhateverBecomesOfThePod() {
        Scenario build = build(ONE, GOOD, OTHER);
        build.run();
        build.refuse(AMD64, "n1", Symptom.AppArmorRestricted);
        build.settle();

        build.pods.clear();

        assertThat(created(build).placement().profile().avoidedHosts()).containsExactly("n1");
        assertThat(build.status.refusals())
                .containsExactly(new Refusal("n1", Profile.Baseline, "AppArmorRestricted", 1, build.now.toString()));
    }

    @Test
    void whereNoNodeIsLeftTheRunFailsAndSaysWhatToDo() {
        Scenario build = build(ONE, GOOD, OTHER);
        build.run();
        build.refuse(AMD64, "n1", Symptom.AppArmorRestricted);
        build.run();
        build.refuse(AMD64, "n2", Symptom.SeccompRestricted);

        build.run();

        assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
        assertThat(build.failure().reason()).isEqualTo(FailureReason.WorkerUnsupported);
        assertThat(platform(build).attempt()).isEqualTo(2);
        assertUnsupported(build, "AppArmorRestricted", "cannot be built", "nodes n1, n2", "Rootless");
        assertThat(build.status.refusals()).hasSize(2);
    }

    @Test
    void anotherRunTriesAgainWhereNothingElseIsLeft() {
        Scenario build = build(ONE, GOOD);
        build.run();
        build.refuse(AMD64, "n1", Symptom.AppArmorRestricted);
        build.run();
        assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);

        build.requestRebuild("the node is mended");
        build.succeed();

        assertThat(build.currentRun().phase()).isEqualTo(Phase.Succeeded);
        assertThat(build.condition("ProfileUnsupported")).isEmpty();
        assertThat(ready(build).status()).isEqualTo(Condition.Status.True);
    }

    @Test
    void itKeepsAwayFromTheNodeForAnHour() {
        Scenario build = build(ONE, GOOD, OTHER);
        build.run();
        build.refuse(AMD64, "n1", Symptom.AppArmorRestricted);
        build.succeed();
        build.pass(Duration.ofMinutes(50));
        build.requestRebuild("within the hour");
        assertThat(created(build).placement().profile().avoidedHosts()).containsExactly("n1");
        build.succeed();

        build.pass(Duration.ofMinutes(11));
        build.requestRebuild("later");

        assertThat(created(build).placement().profile().avoidedHosts()).isEmpty();
        assertThat(build.status.refusals()).isNull();
    }

    @Test
    void aDamagedInstallationIsNoNodesFault() {
        Scenario build = build(ONE, GOOD, OTHER);
        build.run();

        build.refuse(AMD64, "n1", Symptom.ImageIncomplete);
        build.run();

        assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
        assertUnsupported(build, "ImageIncomplete", "cannot be built");
    }

    @Test
    void nodesThatComeAndGoMakeItNotEndless() {
        Scenario build = build(ONE, GOOD);
        build.run();
        for (int pods = 1; build.currentRun().phase() == Phase.Building; pods++) {
            assertThat(pods).isLessThan(20);
            build.refuse(AMD64, "gone-" + pods, Symptom.NamespaceFailed);
            build.run();
        }

        assertThat(build.failure().reason()).isEqualTo(FailureReason.WorkerUnsupported);
        assertThat(build.status.refusals()).hasSize(8);
    }

    @Test
    void autoIsBaselineWhereThatWorks() {
        Scenario build = build(AUTO, PLAIN, GOOD);

        assertThat(created(build).placement().profile().profile()).isEqualTo(Profile.Baseline);
        assertThat(platform(build).profileReason()).isNull();
    }

    @Test
    void autoIsRootlessWhereNodesSayThatBaselineDoesNotWork() {
        Scenario build = build(AUTO, PLAIN);

        build.succeed();

        assertThat(platform(build).profile()).isEqualTo(Profile.Rootless);
        assertThat(platform(build).profileReason()).isEqualTo("UserNamespacesUnsupported");
        assertThat(platform(build).attempt()).isEqualTo(1);
        assertThat(ready(build).status()).isEqualTo(Condition.Status.True);
        assertUnsupported(
                build, "UserNamespacesUnsupported", "is built with profile Rootless", "node n1", "containerd 2.0");
    }

    @Test
    void autoGoesOnAsRootlessWhereBaselineWasRefused() {
        Scenario build = build(AUTO, GOOD);
        build.run();
        build.settle();
        ImageBuildStatus before = build.status;

        build.refuse(AMD64, "n1", Symptom.ProcMasked);
        assertThat(build.settle()).isInstanceOf(Decision.CreatePods.class);

        assertThat(platform(build)).satisfies(platform -> {
            assertThat(platform.profile()).isEqualTo(Profile.Rootless);
            assertThat(platform.profileReason()).isEqualTo("ProcMasked");
            assertThat(platform.attempt()).isEqualTo(2);
            assertThat(platform.failedAttempts()).isNull();
        });
        assertThat(Transitions.between(before, build.status))
                .filteredOn(transition -> transition.reason().equals("ProfileUnsupported"))
                .singleElement()
                .satisfies(event ->
                        assertThat(event.note()).contains("gives way to", "profile Rootless", "resets procMount"));
        build.succeed();
        assertThat(ready(build).status()).isEqualTo(Condition.Status.True);
        assertUnsupported(build, "ProcMasked", "is built with profile Rootless");
    }

    @Test
    void autoHeedsWhatTheNeighboursRecorded() {
        Scenario build = build(AUTO, GOOD);
        build.neighbours = List.of(new Refusal("n1", Profile.Baseline, "AppArmorRestricted", 1, build.now.toString()));

        assertThat(created(build).placement().profile().profile()).isEqualTo(Profile.Rootless);
        assertThat(platform(build).attempt()).isEqualTo(1);
    }

    @Test
    void autoStaysRootlessInItsRun() {
        Scenario build = build(AUTO, GOOD);
        build.run();
        build.refuse(AMD64, "n1", Symptom.ProcMasked);
        build.run();
        build.end(AMD64, build.failed(AMD64, OfPod.NODE_GONE));
        build.settle();
        build.pods.clear();
        build.pass(Duration.ofHours(2));

        assertThat(created(build).placement().profile().profile()).isEqualTo(Profile.Rootless);
        assertThat(platform(build).attempt()).isEqualTo(3);
        assertThat(platform(build).failedAttempts()).containsExactly(FailureReason.NodeLost);
    }

    @Test
    void autoTriesBaselineAgainAfterAnHour() {
        Scenario build = build(AUTO, GOOD);
        build.run();
        build.refuse(AMD64, "n1", Symptom.ProcMasked);
        build.succeed();
        build.requestRebuild("within the hour");
        assertThat(created(build).placement().profile().profile()).isEqualTo(Profile.Rootless);
        build.succeed();

        build.pass(Duration.ofHours(1));
        build.requestRebuild("later");

        assertThat(created(build).placement().profile().profile()).isEqualTo(Profile.Baseline);
        assertThat(build.condition("ProfileUnsupported")).isEmpty();
    }

    @Test
    void whereRootlessCannotHelpAutoFails() {
        Scenario build = build(AUTO, GOOD);
        build.run();

        build.refuse(AMD64, "n1", Symptom.UserNamespacesDisabled);
        build.run();

        assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
        assertUnsupported(
                build, "UserNamespacesDisabled", "Profile Baseline does not", "Profile Rootless does not", "sysctl");
    }

    @Test
    void autoSaysWhyNeitherWorks() {
        Scenario build = build(AUTO, PLAIN);
        build.run();

        build.refuse(AMD64, "n1", Symptom.AppArmorRestricted);
        build.run();

        assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
        assertUnsupported(
                build,
                "UserNamespacesUnsupported",
                "Profile Baseline does not work on node n1: UserNamespacesUnsupported",
                "Profile Rootless does not work on node n1: AppArmorRestricted");
    }

    @Test
    void aNamespaceThatKeepsRootlessOutIsNamed() {
        Scenario build = build(AUTO, PLAIN);
        build.podSecurity = "baseline";

        build.run();

        assertThat(build.pods).isEmpty();
        assertThat(build.failure().reason()).isEqualTo(FailureReason.WorkerUnsupported);
        assertUnsupported(
                build,
                "UserNamespacesUnsupported",
                "enforces Pod Security baseline",
                "pod-security.kubernetes.io/enforce=privileged");

        build.podSecurity = "privileged";
        build.requestRebuild("the namespace is labelled");
        assertThat(created(build).placement().profile().profile()).isEqualTo(Profile.Rootless);
    }

    private static void assertUnsupported(Scenario build, String reason, String... parts) {
        Condition condition = build.condition("ProfileUnsupported").orElseThrow();
        assertThat(condition.status()).isEqualTo(Condition.Status.True);
        assertThat(condition.reason()).isEqualTo(reason);
        assertThat(condition.message()).contains(parts);
    }

    private static Scenario build(String spec, NodeSoftware... nodes) {
        Scenario build = new Scenario(spec);
        build.nodes.clear();
        for (NodeSoftware software : nodes) {
            build.nodes.add(TestNodes.with(software, "n" + (build.nodes.size() + 1), "amd64"));
        }
        return build;
    }

    private static WorkerAssignment created(Scenario build) {
        Decision decision = build.settle();
        while (!(decision instanceof Decision.CreatePods) && build.carriesOut(decision)) {
            decision = build.settle();
        }
        assertThat(decision).isInstanceOf(Decision.CreatePods.class);
        List<WorkerAssignment> assignments = ((Decision.CreatePods) decision).assignments();
        assertThat(assignments).hasSize(1);
        return assignments.getFirst();
    }

    private static PlatformStatus platform(Scenario build) {
        return build.platform(AMD64);
    }

    private static Condition ready(Scenario build) {
        return Objects.requireNonNull(build.condition("Ready").orElse(null));
    }

    private static NodeSoftware software(String kernel, boolean userNamespaces) {
        return new NodeSoftware("v1.36.3", "containerd://2.4.2", kernel, "Debian", userNamespaces);
    }
}
