package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import build.kiln.api.v1alpha1.CacheVolume;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.api.v1alpha1.Strategy;
import build.kiln.api.v1alpha1.StrategyReason;
import build.kiln.operator.admission.AdmissionVerdict;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.publish.PublishOutcome;
import build.kiln.operator.status.Transition;
import build.kiln.operator.status.Transitions;
import build.kiln.operator.testing.TestNodes;
import build.kiln.operator.worker.WorkerAssignment;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResultSucceededBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** A run that builds all its platforms in one pod. */
class SinglePodTest {
    private static final String AMD64 = "linux/amd64";
    private static final String ARM64 = "linux/arm64";
    private static final String SPEC = Specs.INLINE + "strategy: SinglePod\n";

    private final Scenario build = new Scenario(SPEC);

    @Test
    void onePodIsCreatedForTheFirstPlatformThatCanBeNative() {
        build.nodes.clear();
        build.nodes.add(TestNodes.ready("arm-1", "arm64"));

        assertThat(build.settle())
                .isInstanceOfSatisfying(
                        Decision.CreatePods.class,
                        create -> assertThat(create.assignments())
                                .singleElement()
                                .satisfies(pod -> {
                                    assertThat(pod.platform()).isEqualTo(ARM64);
                                    assertThat(pod.others())
                                            .containsExactly(new WorkerAssignment.OtherPlatform(AMD64, Mode.Emulated));
                                }));
        assertThat(build.currentRun().strategy()).isEqualTo(Strategy.SinglePod);
        assertThat(build.currentRun().strategyReason()).isEqualTo(StrategyReason.Requested);
        assertThat(build.platform(ARM64).mode()).isEqualTo(Mode.Native);
        assertThat(build.platform(AMD64)).satisfies(platform -> {
            assertThat(platform.mode()).isEqualTo(Mode.Emulated);
            assertThat(platform.modeReason()).isEqualTo("SinglePod");
            assertThat(platform.podName()).isEqualTo(build.platform(ARM64).podName());
        });
    }

    /** Which node takes the pod is not known before. */
    @Test
    void platformOfTheNodesArchitectureIsNativeOnceTheNodeIsKnown() {
        build.edit(SPEC.replace("[linux/amd64, linux/arm64]", "[linux/s390x, linux/arm64]"));
        build.nodes.clear();
        build.run();
        assertThat(build.platform(ARM64).mode()).isEqualTo(Mode.Emulated);

        build.nodes.add(TestNodes.ready("node-1", "arm64"));
        build.end("linux/s390x", build.running());
        build.settle();

        assertThat(build.platform(ARM64)).satisfies(platform -> {
            assertThat(platform.state()).isEqualTo(State.Building);
            assertThat(platform.nodeName()).isEqualTo("node-1");
            assertThat(platform.mode()).isEqualTo(Mode.Native);
            assertThat(platform.modeReason()).isEqualTo("NativeNode");
        });
        assertThat(build.platform("linux/s390x").mode()).isEqualTo(Mode.Emulated);
    }

    @Test
    void everyPlatformGetsWhatItsPartOfTheResultSays() {
        build.run();
        build.end(AMD64, build.succeeded(AMD64));

        assertThat(build.settle())
                .isInstanceOfSatisfying(
                        Decision.Publish.class,
                        publish -> assertThat(publish.results())
                                .extracting(PlatformResult::platform, PlatformResult::digest, PlatformResult::size)
                                .containsExactly(
                                        tuple(AMD64, Scenario.digest('d'), 500L),
                                        tuple(ARM64, Scenario.digest('e'), 400L)));
        assertThat(build.platform(ARM64)).satisfies(platform -> {
            assertThat(platform.state()).isEqualTo(State.Succeeded);
            assertThat(platform.totalSteps()).isEqualTo(8);
            assertThat(platform.completionTime())
                    .isEqualTo(build.platform(AMD64).completionTime());
            assertThat(platform.pulledBytes()).as("the pod's, told once").isNull();
        });
    }

    /** The pod may be deleted as soon as it has ended. */
    @Test
    void resultsStayWhenThePodIsGone() {
        build.run();
        build.end(AMD64, build.succeeded(AMD64));
        build.settle();
        ImageBuildStatus built = build.status;

        build.pods.clear();
        build.settle();

        assertThat(build.status).isEqualTo(built);
    }

    @Test
    void failureNamesThePlatformWhoseStepFailed() {
        build.run();
        build.end(AMD64, build.failed(ARM64, Scenario.BUILD_FAILED));
        build.settle();

        assertThat(build.failure().platform()).isEqualTo(ARM64);
        assertThat(build.failure().step()).isEqualTo("RUN make");
        assertThat(build.platform(ARM64).state()).isEqualTo(State.Failed);
        assertThat(build.platform(AMD64).state()).isEqualTo(State.Cancelled);
        assertThat(build.platform(AMD64).message()).contains(ARM64 + " failed");
        assertThat(build.condition("Ready").orElseThrow().message()).contains(ARM64);
    }

    @Test
    void allAreTriedAgainInAnotherPod() {
        build.run();
        build.end(AMD64, build.failed(AMD64, OfPod.NODE_GONE));
        build.settle();
        assertThat(RunPlanner.platformsOf(build.status))
                .extracting(PlatformStatus::state, PlatformStatus::reason)
                .containsOnly(tuple(State.Retrying, "NodeLost"));

        build.pass(Duration.ofSeconds(10));

        assertThat(build.settle())
                .isInstanceOfSatisfying(
                        Decision.CreatePods.class,
                        create -> assertThat(create.assignments())
                                .singleElement()
                                .satisfies(pod -> assertThat(pod.attempt()).isEqualTo(2)));
        assertThat(RunPlanner.platformsOf(build.status))
                .extracting(PlatformStatus::attempt, PlatformStatus::failedAttempts)
                .containsOnly(tuple(2, List.of(FailureReason.NodeLost)));
    }

    @Test
    void imageThatIsGoneIsBuiltAgainWithAllOthers() {
        build.run();
        build.end(AMD64, build.succeeded(AMD64));
        build.settle();

        build.publish(new PublishOutcome.Missing(List.of(ARM64), "the registry has removed it"));

        assertThat(build.currentRun().phase()).isEqualTo(Phase.Building);
        assertThat(RunPlanner.platformsOf(build.status))
                .extracting(PlatformStatus::state, PlatformStatus::pushed)
                .containsOnly(tuple(State.Retrying, null));
        build.pass(Duration.ofSeconds(10));
        build.run();
        build.end(AMD64, build.succeeded(AMD64));
        assertThat(build.settle()).isInstanceOf(Decision.Publish.class);
    }

    @Test
    void resultWithoutOneOfThePlatformsIsNone() {
        build.run();
        WorkerObservation.Succeeded whole = build.succeeded(AMD64);
        BuildResult.Succeeded part = BuildResultSucceededBuilder.builder(whole.result())
                .others(List.of())
                .build();
        build.end(
                AMD64,
                new WorkerObservation.Succeeded(part, whole.startTime(), whole.completionTime(), whole.nodeName()));
        build.settle();

        assertThat(RunPlanner.platformsOf(build.status))
                .extracting(PlatformStatus::state, PlatformStatus::reason)
                .containsOnly(tuple(State.Retrying, "WorkerLost"));
    }

    @Test
    void cancellationEndsAllAndDeletesThePod() {
        build.run();
        build.end(AMD64, build.running());
        build.requestCancel("please");

        assertThat(build.settle()).isEqualTo(new Decision.DeletePods(List.copyOf(build.pods.keySet())));
        assertThat(RunPlanner.platformsOf(build.status))
                .extracting(PlatformStatus::state)
                .containsOnly(State.Cancelled);
    }

    @Test
    void newerRunDeletesTheOnePodAndCreatesItsOwn() {
        build.run();
        String before = build.platform(AMD64).podName();
        build.edit(SPEC.replace("scratch", "busybox"));
        build.run();

        assertThat(build.currentRun().number()).isEqualTo(2);
        assertThat(build.pods.keySet())
                .containsExactly(build.platform(AMD64).podName())
                .doesNotContain(before);
    }

    @Test
    void changeOfTheStrategyCountsForTheNextRun() {
        build.run();
        build.edit(Specs.INLINE + "strategy: PerPlatform\n");

        assertThat(build.run()).isInstanceOf(Decision.Wait.class);
        assertThat(build.currentRun().number()).isEqualTo(1);
        assertThat(build.pods).hasSize(1);

        build.requestRebuild("now");
        build.run();
        assertThat(build.currentRun().strategy()).isEqualTo(Strategy.PerPlatform);
        assertThat(build.pods).hasSize(2);
    }

    @Test
    void placeInTheQueueIsThatOfThePodAndSaidOfAll() {
        build.settle();
        String pod = Objects.requireNonNull(build.platform(AMD64).podName());
        var wait = new AdmissionVerdict.Wait(AdmissionVerdict.Limit.Platform, 1, 3);
        ObservedBuild queued = observedWith(Map.of(pod, wait));

        ImageBuildStatus status = ((Decision.WriteStatus) build.planner.decide(queued)).status();

        assertThat(Objects.requireNonNull(status.run()).queuePosition()).isEqualTo(3);
        assertThat(RunPlanner.platformsOf(status))
                .extracting(PlatformStatus::reason, PlatformStatus::message)
                .containsOnly(tuple(
                        "Queued", RunPlanner.platformsOf(status).getFirst().message()));
        build.status = status;
        assertThat(build.planner.decide(observedWith(Map.of(pod, wait))))
                .as("nothing to write again")
                .isNotInstanceOf(Decision.WriteStatus.class);
    }

    private ObservedBuild observedWith(Map<String, AdmissionVerdict.Wait> waits) {
        ObservedBuild seen = build.observed();
        return new ObservedBuild(
                seen.identity(),
                seen.annotations(),
                seen.spec(),
                seen.status(),
                seen.pods(),
                seen.claims(),
                seen.nodes(),
                seen.preflight(),
                seen.polls(),
                waits,
                seen.now());
    }

    @Test
    void onlyTheLeadHasACacheVolume() {
        build.edit(SPEC + "cache: {volume: {size: 20Gi}}\n");
        build.run();

        assertThat(build.claims).hasSize(1);
        assertThat(build.platform(AMD64).cacheVolume())
                .extracting(PlatformStatus.CacheVolume::claimName)
                .isEqualTo(build.claims.keySet().iterator().next());
        assertThat(build.platform(ARM64).cacheVolume()).isNull();
        assertThat(CacheVolumes.wanted(build.spec)).isEqualTo(new CacheVolume("20Gi", null, null));
    }

    @Test
    void eventsTellThePodsLifeOnceAndEveryPlatformsEnd() {
        ImageBuildStatus before = build.status;
        build.run();
        assertThat(Transitions.between(before, build.status))
                .extracting(Transition::reason)
                .containsExactly("RunStarted", "SinglePod", "WorkerCreated");

        before = build.status;
        build.end(AMD64, build.running());
        build.settle();
        assertThat(Transitions.between(before, build.status))
                .extracting(Transition::reason)
                .containsExactly("PlatformStarted");

        before = build.status;
        build.end(AMD64, build.succeeded(AMD64));
        build.settle();
        assertThat(Transitions.between(before, build.status))
                .extracting(Transition::reason)
                .containsExactly("PlatformSucceeded", "PlatformSucceeded");
    }
}
