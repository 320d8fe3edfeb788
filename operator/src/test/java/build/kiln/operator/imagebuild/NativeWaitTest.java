package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.PlatformStatus.NativeWait;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.status.Transition;
import build.kiln.operator.status.Transitions;
import build.kiln.operator.testing.TestNodes;
import build.kiln.operator.worker.WorkerAssignment;
import build.kiln.operator.worker.WorkerObservation;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** A pod that waits for a node of its architecture, and what becomes of it. */
class NativeWaitTest {
    private static final String ARM64 = "linux/arm64";
    private static final String ONE = Specs.INLINE.replace("[linux/amd64, linux/arm64]", "[linux/arm64]");
    private static final String FIRST = "shop-api-1-linux-arm64-1";
    private static final String SECOND = "shop-api-1-linux-arm64-2";

    @Test
    void aPendingPodWaitsAndAnEmulatedOneTakesItsPlace() {
        Scenario build = waiting(waitingFor(60));
        Instant end = build.now.plusSeconds(60);

        assertThat(build.settle()).isEqualTo(new Decision.Wait(end));
        assertThat(arm64(build).state()).isEqualTo(State.WaitingForNode);
        assertThat(arm64(build).modeReason()).isEqualTo("AwaitingNativeNode");
        assertThat(arm64(build).message()).contains("waiting: Unschedulable", "emulated from " + end);
        assertThat(arm64(build).nativeWait()).isEqualTo(new NativeWait(build.now.toString(), end.toString(), 0));

        build.pass(Duration.ofSeconds(60));
        ImageBuildStatus before = build.status;
        assertThat(build.settle()).isEqualTo(new Decision.DeletePods(List.of(FIRST)));

        assertThat(arm64(build)).satisfies(platform -> {
            assertThat(platform.state()).isEqualTo(State.Pending);
            assertThat(platform.mode()).isEqualTo(Mode.Emulated);
            assertThat(platform.modeReason()).isEqualTo("NativeWaitOver");
            assertThat(platform.podName()).isEqualTo(SECOND);
            assertThat(platform.failedAttempts()).isNull();
            assertThat(platform.nativeWait()).isEqualTo(new NativeWait(null, null, 60));
        });
        assertThat(Transitions.between(before, build.status))
                .extracting(Transition::reason)
                .containsExactly("Emulated");
        build.pods.remove(FIRST);
        assertThat(build.settle())
                .isInstanceOfSatisfying(
                        Decision.CreatePods.class,
                        create -> assertThat(create.assignments())
                                .extracting(WorkerAssignment::attempt)
                                .containsExactly(2));
    }

    @Test
    void aNodeThatComesInTimeEndsTheWait() {
        Scenario build = waiting(waitingFor(60));
        build.pass(Duration.ofSeconds(40));
        build.end(ARM64, build.waiting("Pulling"));
        build.settle();

        assertThat(arm64(build).state()).isEqualTo(State.Starting);
        assertThat(arm64(build).mode()).isEqualTo(Mode.Native);
        assertThat(arm64(build).nativeWait()).isEqualTo(new NativeWait(null, null, 40));
    }

    @Test
    void aPlatformWaitsNoLongerInAllItsAttemptsTogether() {
        Scenario build = waiting(waitingFor(60));
        build.pass(Duration.ofSeconds(40));
        build.end(ARM64, build.running());
        build.settle();
        nodeLost(build);
        build.end(ARM64, build.waiting("Unschedulable"));
        build.settle();

        assertThat(Objects.requireNonNull(arm64(build).nativeWait()).deadline())
                .isEqualTo(build.now.plusSeconds(20).toString());
        build.pass(Duration.ofSeconds(20));
        build.run();

        assertThat(arm64(build).modeReason()).isEqualTo("NativeWaitOver");
        nodeLost(build);
        assertThat(arm64(build).modeReason()).isEqualTo("NativeWaitOver");
        assertThat(arm64(build).failedAttempts()).hasSize(2);
    }

    @Test
    void aWaitCostsNoneOfTheAttempts() {
        Scenario build = waiting(waitingFor(60));
        build.pass(Duration.ofSeconds(60));
        build.run();
        nodeLost(build);
        nodeLost(build);
        assertThat(arm64(build).attempt()).isEqualTo(4);

        build.end(ARM64, build.failed(ARM64, OfPod.NODE_GONE));
        build.settle();

        assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
    }

    @Test
    void aNodeThatIsFullIsWaitedForTwoMinutes() {
        Scenario build = new Scenario(ONE);
        build.nodes.add(TestNodes.ready("arm-1", "arm64"));
        build.run();
        build.end(ARM64, build.waiting("Unschedulable"));
        build.settle();
        assertThat(arm64(build).modeReason()).isEqualTo("NativeNode");

        build.pass(Duration.ofSeconds(119));
        build.settle();
        assertThat(arm64(build).mode()).isEqualTo(Mode.Native);

        build.pass(Duration.ofSeconds(1));
        build.settle();
        assertThat(arm64(build).mode()).isEqualTo(Mode.Emulated);
    }

    @Test
    void aNodeThatVanishesIsNotWaitedForUnlessTheSpecSays() {
        Scenario build = new Scenario(ONE);
        build.nodes.add(TestNodes.ready("arm-1", "arm64"));
        build.run();
        build.end(ARM64, build.waiting("Unschedulable"));
        build.settle();

        build.nodes.removeIf(node -> node.name().equals("arm-1"));
        build.settle();

        assertThat(arm64(build).mode()).isEqualTo(Mode.Emulated);
    }

    @Test
    void aChangeOfTheWaitCountsAtOnce() {
        Scenario build = waiting(waitingFor(60));
        build.pass(Duration.ofSeconds(10));

        build.edit(waitingFor(5));
        build.run();

        assertThat(build.currentRun().number()).isEqualTo(1);
        assertThat(arm64(build).podName()).isEqualTo(SECOND);
        assertThat(arm64(build).mode()).isEqualTo(Mode.Emulated);
    }

    @Test
    void noWaitIsLongerThanThatOfAnyPod() {
        Scenario build = waiting(waitingFor(7200));
        assertThat(Objects.requireNonNull(arm64(build).nativeWait()).deadline())
                .isEqualTo(build.now.plusSeconds(600).toString());

        build.pass(Duration.ofMinutes(10));
        build.end(ARM64, unschedulable(build));
        build.run();

        assertThat(build.currentRun().phase()).isEqualTo(Phase.Building);
        assertThat(arm64(build).mode()).isEqualTo(Mode.Emulated);
        assertThat(Objects.requireNonNull(arm64(build).nativeWait()).seconds()).isEqualTo(600);
    }

    @Test
    void withoutANodeToEmulateOnTheWaitEndsInAFailure() {
        Scenario build = new Scenario(ONE);
        build.nodes.clear();
        build.run();
        build.end(ARM64, build.waiting("Unschedulable"));
        build.settle();
        assertThat(arm64(build).modeReason()).isEqualTo("NoOtherNode");
        assertThat(arm64(build).message()).contains("it fails at " + build.now.plusSeconds(600));

        build.end(ARM64, unschedulable(build));
        build.settle();

        assertThat(build.failure().reason()).isEqualTo(FailureReason.NoCapacity);
    }

    @Test
    void aCancelledWaitIsOver() {
        Scenario build = waiting(waitingFor(60));
        build.pass(Duration.ofSeconds(7));
        build.requestCancel("now");
        build.settle();

        assertThat(arm64(build).state()).isEqualTo(State.Cancelled);
        assertThat(arm64(build).nativeWait()).isEqualTo(new NativeWait(null, null, 7));
    }

    private static Scenario waiting(String spec) {
        Scenario build = new Scenario(spec);
        build.run();
        build.end(ARM64, build.waiting("Unschedulable"));
        build.settle();
        return build;
    }

    private static String waitingFor(int seconds) {
        return ONE + "placement: {nativeWaitSeconds: " + seconds + "}\n";
    }

    private static void nodeLost(Scenario build) {
        build.end(ARM64, build.failed(ARM64, OfPod.NODE_GONE));
        build.settle();
        build.pass(Duration.ofMinutes(5));
        build.run();
    }

    /** As the pod's reader says it: no node was ever chosen. */
    private static WorkerObservation.Failed unschedulable(Scenario build) {
        WorkerObservation.Failed failed = build.failed(ARM64, OfPod.UNSCHEDULABLE);
        return new WorkerObservation.Failed(
                failed.diagnosis(), failed.details(), failed.steps(), null, build.now, null);
    }

    private static PlatformStatus arm64(Scenario build) {
        return build.platform(ARM64);
    }
}
