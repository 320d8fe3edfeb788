package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence;
import build.kiln.operator.failure.Evidence.OfCreation;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.failure.Evidence.OfRegistry;
import build.kiln.operator.failure.Evidence.OfSource;
import build.kiln.operator.imagebuild.WorkerPod.Deletion;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.publish.PublishOutcome;
import build.kiln.operator.source.Resolution;
import build.kiln.operator.testing.TestNodes;
import build.kiln.operator.worker.WorkerAssignment;
import io.fabric8.kubernetes.api.model.Taint;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunPlannerTest {
    private static final String AMD64 = "linux/amd64";
    private static final String ARM64 = "linux/arm64";

    @Nested
    class Start {
        @Test
        void recordsRunAndPodsBeforeAnyPodIsCreated() {
            Scenario build = new Scenario(Specs.INLINE);

            Decision first = build.planner.decide(build.observed());

            assertThat(first).isInstanceOfSatisfying(Decision.WriteStatus.class, write -> {
                Run run = Objects.requireNonNull(write.status().run());
                assertThat(run.number()).isEqualTo(1);
                assertThat(run.cause()).isEqualTo(Cause.Initial);
                assertThat(write.status().platforms())
                        .extracting(PlatformStatus::podName)
                        .containsExactly("shop-api-1-linux-amd64-1", "shop-api-1-linux-arm64-1");
            });
        }

        @Test
        void createsThePodsOfAllPlatformsAtOnce() {
            Scenario build = new Scenario(Specs.INLINE);

            Decision decision = build.settle();

            assertThat(decision)
                    .isInstanceOfSatisfying(
                            Decision.CreatePods.class,
                            create -> assertThat(create.assignments())
                                    .extracting(WorkerAssignment::platform)
                                    .containsExactly(AMD64, ARM64));
            assertThat(build.platform(AMD64).mode()).isEqualTo(Mode.Native);
            assertThat(build.platform(ARM64).mode()).isEqualTo(Mode.Emulated);
            assertThat(build.platform(ARM64).modeReason()).isEqualTo("NoNativeNode");
        }

        @Test
        void looksUpTheCommitOfAGitSourceFirstAndGivesAllPlatformsTheSame() {
            Scenario build = new Scenario(Specs.GIT);

            assertThat(build.settle()).isInstanceOf(Decision.ResolveSource.class);
            build.resolve(new Resolution.Resolved(Specs.COMMIT));

            assertThat(build.settle())
                    .isInstanceOfSatisfying(
                            Decision.CreatePods.class,
                            create -> assertThat(create.assignments())
                                    .extracting(WorkerAssignment::commit)
                                    .containsExactly(Specs.COMMIT, Specs.COMMIT));
        }

        @Test
        void failsAtOnceForAPlatformThatCannotBeBuilt() {
            Scenario build = new Scenario(Specs.INLINE.replace("linux/arm64", "linux/pdp11"));

            assertThat(build.settle()).isInstanceOf(Decision.Wait.class);

            assertThat(build.failure().reason()).isEqualTo(FailureReason.InvalidSpec);
            assertThat(build.condition("Ready").orElseThrow().message())
                    .contains("spec.platforms", "linux/pdp11", "linux/riscv64");
            assertThat(build.platform(AMD64).state()).isEqualTo(State.Cancelled);
        }

        @Test
        void recordsTheOtherModeWhenTheNodesChangeBeforeThePodIsCreated() {
            Scenario build = new Scenario(Specs.INLINE);
            build.settle();

            build.nodes.add(TestNodes.ready("node-2", "arm64"));
            build.settle();

            assertThat(build.platform(ARM64).mode()).isEqualTo(Mode.Native);
        }
    }

    @Nested
    class Placing {
        @Test
        void saysWhatStandsAgainstNativeNodes() {
            Scenario build = new Scenario(Specs.INLINE);
            build.nodes.add(TestNodes.ready("arm-1", "arm64", new Taint("NoSchedule", "gpu", null, "a100")));

            build.settle();

            assertThat(build.platform(ARM64).modeMessage())
                    .isEqualTo("no node of arm64 can take the pod: arm-1 has the taint gpu=a100:NoSchedule");
        }

        @Test
        void nativeWaitsForANodeAndNeverEmulates() {
            Scenario build = new Scenario(Specs.INLINE + "placement: {mode: Native}\n");
            build.run();
            build.end(ARM64, build.waiting("Unschedulable"));
            build.settle();

            assertThat(build.platform(ARM64)).satisfies(platform -> {
                assertThat(platform.mode()).isEqualTo(Mode.Native);
                assertThat(platform.modeReason()).isEqualTo("NativeOnly");
                assertThat(platform.state()).isEqualTo(State.WaitingForNode);
            });

            build.end(ARM64, build.failed(ARM64, OfPod.UNSCHEDULABLE));
            build.settle();

            assertThat(build.failure().reason()).isEqualTo(FailureReason.NoCapacity);
        }

        @Test
        void aChangedPlacementStartsNoRunAndCountsForThePodsToCome() {
            Scenario build = new Scenario(Specs.INLINE);
            build.nodes.add(TestNodes.ready("arm-1", "arm64"));
            build.run();
            assertThat(build.platform(ARM64).mode()).isEqualTo(Mode.Native);

            build.edit(Specs.INLINE + "placement: {mode: Emulated}\n");
            build.end(ARM64, build.failed(ARM64, OfPod.NODE_GONE));
            build.settle();
            build.pass(Duration.ofSeconds(10));
            build.run();

            assertThat(build.currentRun().number()).isEqualTo(1);
            assertThat(build.platform(ARM64).attempt()).isEqualTo(2);
            assertThat(build.platform(ARM64).modeReason()).isEqualTo("EmulatedOnly");
        }

        @Test
        void nativeIsRefusedByNameWhereOnlyEmulationIsPossible() {
            Scenario build =
                    new Scenario(Specs.INLINE.replace("linux/arm64", "linux/s390x") + "placement: {mode: Native}\n");

            build.settle();

            assertThat(build.failure().reason()).isEqualTo(FailureReason.InvalidSpec);
            assertThat(build.condition("Ready").orElseThrow().message()).contains("spec.placement", "linux/s390x");
        }
    }

    @Nested
    class Building {
        private final Scenario build = new Scenario(Specs.INLINE);

        Building() {
            build.run();
        }

        @Test
        void createsNothingTwiceAfterARestart() {
            assertThat(build.settle()).isInstanceOf(Decision.Wait.class);
            assertThat(build.pods).hasSize(2);
        }

        @Test
        void goesOnWithAPodThatWasCreatedButNotYetRecorded() {
            Scenario killed = new Scenario(Specs.INLINE);
            Decision.CreatePods create = (Decision.CreatePods) killed.settle();
            killed.pod(create.assignments().getFirst(), killed.running());

            Decision next = killed.settle();

            assertThat(next)
                    .isInstanceOfSatisfying(
                            Decision.CreatePods.class,
                            rest -> assertThat(rest.assignments())
                                    .extracting(WorkerAssignment::platform)
                                    .containsExactly(ARM64));
            assertThat(killed.platform(AMD64).state()).isEqualTo(State.Building);
        }

        @Test
        void waitsForTheEarliestDeadlineOfAPod() {
            build.end(AMD64, build.running());

            assertThat(build.settle()).isEqualTo(new Decision.Wait(build.now.plusSeconds(600)));
        }

        @Test
        void tellsAPodThatFindsNoNodeFromOneThatStarts() {
            build.end(AMD64, build.waiting("Unschedulable"));
            build.end(ARM64, build.waiting("Pulling"));

            build.settle();

            assertThat(build.platform(AMD64).state()).isEqualTo(State.WaitingForNode);
            assertThat(build.platform(ARM64).state()).isEqualTo(State.Starting);
            assertThat(build.condition("Ready").orElseThrow().reason()).isEqualTo("WaitingForNode");
        }

        @Test
        void publishesOnlyWhenEveryPlatformSucceeded() {
            build.end(AMD64, build.succeeded(AMD64));
            assertThat(build.settle()).isInstanceOf(Decision.Wait.class);

            build.end(ARM64, build.succeeded(ARM64));

            assertThat(build.settle())
                    .isInstanceOfSatisfying(
                            Decision.Publish.class,
                            publish -> assertThat(publish.results())
                                    .extracting(PlatformResult::platform)
                                    .containsExactly(AMD64, ARM64));
        }

        @Test
        void triesAgainAfterAFailureOfTheInfrastructureWithGrowingPauses() {
            build.end(AMD64, build.failed(AMD64, OfPod.NODE_GONE));
            assertThat(build.settle()).isEqualTo(new Decision.Wait(build.now.plusSeconds(10)));
            assertThat(build.condition("Reconciling").orElseThrow().reason()).isEqualTo("RetryingPlatform");

            build.pass(Duration.ofSeconds(10));
            build.run();
            assertThat(build.platform(AMD64).podName()).isEqualTo("shop-api-1-linux-amd64-2");
            build.end(AMD64, build.failed(AMD64, OfPod.NODE_GONE));
            assertThat(build.settle()).isEqualTo(new Decision.Wait(build.now.plusSeconds(20)));

            build.pass(Duration.ofSeconds(20));
            build.run();
            build.end(AMD64, build.failed(AMD64, OfPod.NODE_GONE));
            build.run();
            assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
            assertThat(build.platform(AMD64).attempt()).isEqualTo(3);
        }

        @ParameterizedTest
        @EnumSource(
                value = build.kiln.protocol.FailureReason.class,
                names = {"BuildFailed", "InvalidDockerfile", "RegistryAuthFailed", "DeadlineExceeded"})
        void neverTriesAgainWhatTheUserHasToChange(build.kiln.protocol.FailureReason reason) {
            build.end(AMD64, build.failed(AMD64, new Evidence.Reported(reason)));
            build.run();

            assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
            assertThat(build.failure().reason().name()).isEqualTo(reason.name());
        }

        @Test
        void cancelsTheOtherPlatformsWhenOneFailsForGood() {
            build.end(AMD64, build.running());
            build.end(ARM64, build.failed(ARM64, Scenario.BUILD_FAILED));

            build.run();

            assertThat(build.platform(AMD64).state()).isEqualTo(State.Cancelled);
            assertThat(build.pods).containsOnlyKeys("shop-api-1-linux-arm64-1");
        }

        @Test
        void keepsWhatSucceededWhileTheOtherPlatformIsTriedAgain() {
            build.end(AMD64, build.succeeded(AMD64));
            build.end(ARM64, build.failed(ARM64, OfPod.EVICTED));
            build.run();
            build.pods.remove("shop-api-1-linux-amd64-1");

            build.pass(Duration.ofSeconds(10));
            build.run();

            assertThat(build.pods).containsOnlyKeys("shop-api-1-linux-arm64-1", "shop-api-1-linux-arm64-2");
            assertThat(build.platform(AMD64).pushed())
                    .extracting(PlatformStatus.Pushed::digest)
                    .isEqualTo(Scenario.digest('d'));
        }

        @Test
        void takesAPodThatVanishedForALostWorker() {
            build.removePod(AMD64);

            build.settle();

            assertThat(build.platform(AMD64).state()).isEqualTo(State.Retrying);
            assertThat(build.platform(AMD64).reason()).isEqualTo("WorkerLost");
        }

        @Test
        void deletesAPodThatDidNotStartInTimeBeforeTheNextAttempt() {
            build.end(AMD64, build.failed(AMD64, OfPod.NOT_STARTED));
            WorkerPod late = Objects.requireNonNull(build.pods.get("shop-api-1-linux-amd64-1"));
            build.pods.put(
                    late.name(), new WorkerPod(late.name(), 1, AMD64, 1, Deletion.None, false, late.observation()));

            build.run();

            assertThat(build.pods).doesNotContainKey("shop-api-1-linux-amd64-1");
        }
    }

    @Nested
    class NewRun {
        private final Scenario build = new Scenario(Specs.INLINE);

        @Test
        void replacesARunThatIsUnderWayWhenAnInputChanges() {
            build.run();
            build.end(AMD64, build.running());
            build.run();

            build.edit(Specs.INLINE.replace("FROM scratch", "FROM busybox"));
            build.run();

            assertThat(build.currentRun().number()).isEqualTo(2);
            assertThat(build.currentRun().cause()).isEqualTo(Cause.InputsChanged);
            assertThat(build.pods).containsOnlyKeys("shop-api-2-linux-amd64-1", "shop-api-2-linux-arm64-1");
        }

        @Test
        void startsOncePerRebuildRequest() {
            build.succeed();

            build.requestRebuild("1");
            build.succeed();
            Decision after = build.settle();

            assertThat(build.currentRun().number()).isEqualTo(2);
            assertThat(build.currentRun().cause()).isEqualTo(Cause.Requested);
            assertThat(build.status.lastHandledRebuildAt()).isEqualTo("1");
            assertThat(after).isInstanceOf(Decision.Wait.class);
        }

        @Test
        void takesARequestThatIsThereFromTheStartForHandled() {
            build.requestRebuild("1");

            build.succeed();
            build.settle();

            assertThat(build.currentRun().number()).isEqualTo(1);
            assertThat(build.status.lastHandledRebuildAt()).isEqualTo("1");
        }

        @ParameterizedTest
        @ValueSource(strings = {"timeoutSeconds: 60", "cache: {mode: Disabled}", "worker: {profile: Rootless}"})
        void isNotStartedByWhatIsNoInput(String field) {
            build.succeed();

            build.edit(Specs.INLINE + field);
            assertThat(build.settle()).isInstanceOf(Decision.Wait.class);

            assertThat(build.currentRun().number()).isEqualTo(1);
            assertThat(build.status.observedGeneration()).isEqualTo(2);
            assertThat(build.status.conditions())
                    .extracting(Condition::observedGeneration)
                    .containsOnly(2L);
        }

        @Test
        void keepsTheLastGoodImageWhenItFails() {
            build.succeed();
            String image = build.status.image();

            build.edit(Specs.INLINE.replace("FROM scratch", "FROM busybox"));
            build.run();
            build.end(AMD64, build.failed(AMD64, Scenario.BUILD_FAILED));
            build.run();

            assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
            assertThat(build.status.image()).isEqualTo(image);
            assertThat(build.status.tags()).containsExactly("latest");
        }
    }

    @Nested
    class Publishing {
        private final Scenario build = new Scenario(Specs.INLINE);

        @Test
        void isDoneAgainWithoutABuildWhenOnlyTagsChange() {
            build.succeed();

            build.edit(Specs.INLINE.replace("[latest]", "[latest, \"1.2\"]"));
            Decision decision = build.run();

            assertThat(decision).isEqualTo(new Decision.Tag("registry.example.com/shop/api@" + Scenario.digest('f')));
            build.tag(build.published());
            assertThat(build.settle()).isInstanceOf(Decision.Wait.class);
            assertThat(build.currentRun().number()).isEqualTo(1);
            assertThat(build.status.tags()).containsExactly("latest", "1.2");
        }

        @Test
        void isTriedFiveTimesWhenTheRegistryFails() {
            build.run();
            RequestedPlatforms.of(build.spec).forEach(platform -> build.end(platform, build.succeeded(platform)));
            int tries = 0;
            while (build.run() instanceof Decision.Publish) {
                tries++;
                build.publish(
                        new PublishOutcome.Unpublished(Diagnosis.of(OfRegistry.UNAVAILABLE, "503 from the registry")));
                build.pass(Duration.ofMinutes(2));
            }

            assertThat(tries).isEqualTo(5);
            assertThat(build.failure().reason()).isEqualTo(FailureReason.PublishFailed);
        }

        @Test
        void isNotTriedAgainWithCredentialsThatWereRefused() {
            build.run();
            RequestedPlatforms.of(build.spec).forEach(platform -> build.end(platform, build.succeeded(platform)));
            build.run();

            build.publish(new PublishOutcome.Unpublished(Diagnosis.of(OfRegistry.ACCESS_REFUSED, "401")));

            assertThat(build.run()).isInstanceOf(Decision.Wait.class);
            assertThat(build.failure().reason()).isEqualTo(FailureReason.RegistryAuthFailed);
        }

        @Test
        void isTriedAgainWithoutABuildWhenTheSpecChangesAfterItFailed() {
            build.run();
            RequestedPlatforms.of(build.spec).forEach(platform -> build.end(platform, build.succeeded(platform)));
            build.run();
            build.publish(new PublishOutcome.Unpublished(Diagnosis.of(OfRegistry.REFUSED, "tag is immutable")));
            build.run();

            build.edit(Specs.INLINE.replace("latest", "1.2"));

            assertThat(build.run()).isInstanceOf(Decision.Publish.class);
            assertThat(build.status.failure()).isNull();
        }
    }

    @Nested
    class Resolving {
        private final Scenario build = new Scenario(Specs.GIT);

        @Test
        void isTriedThreeTimesWhenTheServerFails() {
            int tries = 0;
            while (build.settle() instanceof Decision.ResolveSource) {
                tries++;
                build.resolve(new Resolution.Unresolved(Diagnosis.of(OfSource.UNREACHABLE, "connection refused")));
                build.pass(Duration.ofMinutes(1));
            }

            assertThat(tries).isEqualTo(3);
            assertThat(build.failure().reason()).isEqualTo(FailureReason.SourceNotFound);
        }

        @Test
        void waitsBetweenTries() {
            build.settle();
            build.resolve(new Resolution.Unresolved(Diagnosis.of(OfSource.UNREACHABLE, "connection refused")));

            assertThat(build.settle()).isEqualTo(new Decision.Wait(build.now.plusSeconds(5)));
            assertThat(build.condition("Ready").orElseThrow().message()).contains("try 1 failed", "connection refused");
        }

        @Test
        void failsAtOnceForARevisionThatDoesNotExist() {
            build.settle();

            build.resolve(new Resolution.Unresolved(Diagnosis.of(OfSource.NOT_FOUND, "no branch main")));

            assertThat(build.settle()).isInstanceOf(Decision.Wait.class);
            assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
        }
    }

    @Nested
    class PodsRefused {
        private final Scenario build = new Scenario(Specs.INLINE);

        @Test
        void failTheRunWhenNoWaitingHelps() {
            build.settle();

            build.refuse(new PodCreation.Refused(Diagnosis.of(OfCreation.REFUSED, "violates PodSecurity")));

            assertThat(build.settle()).isInstanceOf(Decision.Wait.class);
            assertThat(build.condition("Stalled").orElseThrow().reason()).isEqualTo("PodRejected");
        }

        @Test
        void areTriedAgainWhileTheQuotaIsUsedUp() {
            build.settle();
            build.refuse(new PodCreation.Refused(Diagnosis.of(OfCreation.QUOTA_EXCEEDED, "exceeded quota")));
            assertThat(build.settle()).isEqualTo(new Decision.Wait(build.now.plusSeconds(10)));

            build.pass(Duration.ofSeconds(10));
            build.run();

            assertThat(build.pods).hasSize(2);
            assertThat(build.currentRun().failedTries()).isNull();
        }
    }

    @Nested
    class Finished {
        private final Scenario build = new Scenario(Specs.INLINE);

        @Test
        void keepsPodsForTheirRetentionAndThenDeletesThem() {
            build.succeed();

            assertThat(build.settle()).isEqualTo(new Decision.Wait(build.now.plusSeconds(600)));
            build.pass(Duration.ofMinutes(10));
            build.run();

            assertThat(build.pods).isEmpty();
            assertThat(build.settle()).isEqualTo(new Decision.Wait(null));
        }

        @Test
        void staysAsItIsWhateverHappensToItsPods() {
            build.succeed();
            ImageBuildStatus before = build.status;

            build.pods.clear();
            build.pass(Duration.ofDays(1));
            build.run();

            assertThat(build.status).isEqualTo(before);
        }
    }
}
