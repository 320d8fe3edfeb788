package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.failure.Evidence.OfRegistry;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.publish.PublishOutcome;
import build.kiln.operator.worker.WorkerAssignment;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is tried again, how often, and with what. */
class RetryTest {
    private static final String AMD64 = "linux/amd64";
    private static final String ARM64 = "linux/arm64";
    private static final Evidence STALLED = new Evidence.Reported(build.kiln.protocol.FailureReason.BuildStalled);

    @ParameterizedTest
    @CsvSource({"1", "2", "3", "10"})
    void infrastructureIsTriedAsOftenAsTheSpecSays(int attempts) {
        Scenario build = building("retry: {maxAttempts: " + attempts + "}");
        for (int attempt = 1; attempt < attempts; attempt++) {
            fail(build, OfPod.NODE_GONE);
            assertThat(build.platform(AMD64).state()).isEqualTo(State.Retrying);
            build.pass(Duration.ofMinutes(5));
            build.run();
            assertThat(build.platform(AMD64).attempt()).isEqualTo(attempt + 1);
        }

        fail(build, OfPod.NODE_GONE);

        assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
        assertThat(build.failure().reason()).isEqualTo(FailureReason.NodeLost);
    }

    @Test
    void pausesGrowToFiveMinutes() {
        assertThat(List.of(1, 2, 3, 4, 5, 6, 9))
                .extracting(attempt -> RetryPolicy.pause(attempt).toSeconds())
                .containsExactly(10L, 20L, 40L, 80L, 160L, 300L, 300L);
    }

    @Test
    void aStalledBuildIsTriedOnceMore() {
        Scenario build = building("");
        fail(build, STALLED);
        again(build);
        assertThat(build.platform(AMD64).failedAttempts()).containsExactly(FailureReason.BuildStalled);

        fail(build, STALLED);

        assertThat(build.failure().reason()).isEqualTo(FailureReason.BuildStalled);
        assertThat(build.platform(AMD64).attempt()).isEqualTo(2);
    }

    @Test
    void memoryThatRanOutFailsTheRunWhereTheSpecGivesNoMore() {
        Scenario build = building("");

        fail(build, OfPod.OUT_OF_MEMORY);

        assertThat(build.failure().reason()).isEqualTo(FailureReason.OutOfMemory);
        assertThat(build.platform(AMD64).attempt()).isEqualTo(1);
    }

    @Test
    void memoryThatRanOutIsMultipliedOnceAndStaysForLaterAttempts() {
        Scenario build = building("retry: {memoryFactor: \"2.0\"}");
        fail(build, OfPod.OUT_OF_MEMORY);
        assertThat(build.platform(AMD64).message()).contains("2.0 times the memory");
        assertThat(build.condition("Reconciling").orElseThrow().message()).contains("2.0 times the memory");

        build.pass(Duration.ofSeconds(10));
        assertThat(build.settle())
                .isInstanceOfSatisfying(
                        Decision.CreatePods.class,
                        create -> assertThat(create.assignments())
                                .extracting(WorkerAssignment::memoryFactor)
                                .containsExactly("2.0"));
        build.run();
        fail(build, OfPod.EVICTED);
        build.pass(Duration.ofSeconds(20));
        build.run();

        assertThat(build.platform(AMD64).memoryFactor()).isEqualTo("2.0");
        assertThat(build.platform(AMD64).failedAttempts())
                .containsExactly(FailureReason.OutOfMemory, FailureReason.Evicted);
        fail(build, OfPod.OUT_OF_MEMORY);
        assertThat(build.failure().reason()).isEqualTo(FailureReason.OutOfMemory);
    }

    @Test
    void aFinishedPlatformIsLeftAloneWhateverTheOtherDoes() {
        Scenario build = building("");
        build.end(ARM64, build.succeeded(ARM64));
        build.settle();
        var finished = build.platform(ARM64);

        fail(build, OfPod.NODE_GONE);
        again(build);
        build.end(AMD64, build.succeeded(AMD64));

        assertThat(build.settle()).isInstanceOf(Decision.Publish.class);
        assertThat(build.platform(ARM64).pushed()).isEqualTo(finished.pushed());
        assertThat(build.platform(ARM64).attempt()).isEqualTo(1);
    }

    @Nested
    class ResultsThatAreGone {
        private final Scenario build = published();

        @Test
        void areBuiltAgainAloneAndPublished() {
            build.publish(new PublishOutcome.Missing(List.of(ARM64), "sha256:d of linux/arm64 is gone"));

            assertThat(build.currentRun().phase()).isEqualTo(Phase.Building);
            assertThat(build.platform(AMD64).state()).isEqualTo(State.Succeeded);
            assertThat(build.platform(ARM64).state()).isEqualTo(State.Retrying);
            assertThat(build.platform(ARM64).reason()).isEqualTo("ImageMissing");
            build.pass(Duration.ofSeconds(10));
            build.run();
            assertThat(build.platform(ARM64).podName()).isEqualTo("shop-api-1-linux-arm64-2");
            build.end(ARM64, build.succeeded(ARM64));
            assertThat(build.run()).isInstanceOf(Decision.Publish.class);
            build.publish(build.published());
            assertThat(build.currentRun().phase()).isEqualTo(Phase.Succeeded);
        }

        @Test
        void failTheRunWhenNoAttemptIsLeft() {
            for (int attempt = 1; attempt <= 3; attempt++) {
                build.publish(new PublishOutcome.Missing(List.of(ARM64), "sha256:d of linux/arm64 is gone"));
                build.pass(Duration.ofMinutes(1));
                build.run();
                if (attempt < 3) {
                    build.end(ARM64, build.succeeded(ARM64));
                    build.run();
                }
            }

            assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
            assertThat(build.failure().reason()).isEqualTo(FailureReason.ImageMissing);
        }
    }

    @Nested
    class TemporaryTags {
        private final Scenario build = building("");

        @Test
        void areNotWrittenForPlatformsThatEndTogether() {
            build.end(AMD64, build.succeeded(AMD64));
            assertThat(build.settle()).isEqualTo(new Decision.Wait(build.now.plus(ResultProtection.DELAY)));
            build.end(ARM64, build.succeeded(ARM64));

            assertThat(build.settle()).isInstanceOf(Decision.Publish.class);
        }

        @Test
        void areWrittenOnceForAResultThatWaits() {
            waiting();

            assertThat(build.temporaryTags).containsExactly(Scenario.digest('d'));
            assertThat(build.settle()).isInstanceOf(Decision.Wait.class);
        }

        @Test
        void areForgottenWithTheImageThatIsPublished() {
            waiting();
            build.end(ARM64, build.succeeded(ARM64));
            build.run();
            build.publish(build.published());

            assertThat(build.settle()).isInstanceOf(Decision.Wait.class);
            assertThat(build.platform(AMD64).temporaryTag()).isNull();
        }

        @Test
        void areRemovedWhenTheRunFails() {
            waiting();
            build.end(ARM64, build.failed(ARM64, Scenario.BUILD_FAILED));

            assertThat(build.settle())
                    .isInstanceOfSatisfying(
                            Decision.Release.class,
                            release -> assertThat(release.results())
                                    .extracting(PlatformResult::platform)
                                    .containsExactly(AMD64));
            build.run();
            assertThat(build.temporaryTags).isEmpty();
            assertThat(build.failure().reason()).isEqualTo(FailureReason.BuildFailed);
        }

        @Test
        void areRemovedBeforeAnotherRunTakesOver() {
            waiting();
            build.edit(Specs.INLINE.replace("FROM scratch", "FROM busybox"));

            build.run();

            assertThat(build.temporaryTags).isEmpty();
            assertThat(build.currentRun().number()).isEqualTo(2);
        }

        @Test
        void stayWhilePublishingMayBeTakenUpAgain() {
            waiting();
            build.end(ARM64, build.succeeded(ARM64));
            build.run();
            build.publish(new PublishOutcome.Unpublished(Diagnosis.of(OfRegistry.ACCESS_REFUSED, "401")));
            build.run();

            assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
            assertThat(build.temporaryTags).isNotEmpty();
            build.edit(Specs.INLINE + "timeoutSeconds: 60");
            assertThat(build.run()).isInstanceOf(Decision.Publish.class);
        }

        private void waiting() {
            build.end(AMD64, build.succeeded(AMD64));
            build.end(ARM64, build.running());
            build.run();
            build.pass(ResultProtection.DELAY);
            build.run();
        }
    }

    private static Scenario building(String more) {
        Scenario build = new Scenario(Specs.INLINE + more);
        build.run();
        return build;
    }

    private static Scenario published() {
        Scenario build = building("");
        build.end(AMD64, build.succeeded(AMD64));
        build.end(ARM64, build.succeeded(ARM64));
        build.run();
        return build;
    }

    private static void fail(Scenario build, Evidence evidence) {
        build.end(AMD64, build.failed(AMD64, evidence));
        build.settle();
    }

    private static void again(Scenario build) {
        build.pass(Duration.ofSeconds(10));
        build.run();
    }
}
