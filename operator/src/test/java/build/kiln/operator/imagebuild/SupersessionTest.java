package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.HistoryEntry;
import build.kiln.api.v1alpha1.HistoryEntry.Result;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.imagebuild.WorkerPod.Deletion;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.worker.WorkerAssignment;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What becomes of a run when a newer one has to start. */
class SupersessionTest {
    private static final String AMD64 = "linux/amd64";

    @Nested
    class Replace {
        private final Scenario build = new Scenario(Specs.INLINE);

        @Test
        void endsTheRunUnderWayAndStartsTheNewOneAtOnce() {
            build.run();

            build.edit(base("busybox", "latest"));
            build.run();

            assertThat(build.currentRun().number()).isEqualTo(2);
            assertThat(history(build)).extracting(HistoryEntry::result).containsExactly(Result.Replaced);
        }

        @Test
        void neverHasPodsOfMoreThanTwoRuns() {
            build.run();
            for (int edit = 0; edit < 20; edit++) {
                build.edit(base("base" + edit, "latest"));
                // Pods take their time to end.
                build.terminateInsteadOfDeleting();
                assertThat(build.pods.values().stream().map(WorkerPod::run).distinct())
                        .hasSizeLessThanOrEqualTo(2);
            }
            assertThat(build.currentRun().number()).isEqualTo(21);
            assertThat(build.settle()).isInstanceOf(Decision.Wait.class);

            build.pods.clear();

            assertThat(build.settle())
                    .isInstanceOfSatisfying(
                            Decision.CreatePods.class,
                            create -> assertThat(create.assignments())
                                    .extracting(WorkerAssignment::run)
                                    .containsOnly(21));
        }

        @Test
        void doesNotWaitForWhatALostNodeLeftBehind() {
            build.run();
            build.edit(base("one", "latest"));
            build.terminateInsteadOfDeleting();
            build.edit(base("two", "latest"));
            build.terminateInsteadOfDeleting();
            build.pods.replaceAll((_, pod) -> new WorkerPod(
                    pod.name(),
                    pod.run(),
                    pod.platform(),
                    pod.attempt(),
                    Deletion.Acknowledged,
                    false,
                    build.failed(pod.platform(), OfPod.NODE_GONE)));

            assertThat(build.settle()).isInstanceOf(Decision.CreatePods.class);
        }
    }

    @Nested
    class Queue {
        private final Scenario build = new Scenario(queued("scratch", "latest"));

        @Test
        void finishesTheRunUnderWayThenBuildsOnlyTheNewest() {
            build.run();
            build.edit(queued("one", "latest"));
            build.run();
            build.edit(queued("two", "latest"));
            build.run();
            assertThat(build.currentRun().number()).isEqualTo(1);

            build.succeed();

            assertThat(build.currentRun().number()).isEqualTo(2);
            assertThat(build.currentRun().specHash()).isEqualTo(InputHash.of(build.spec));
            assertThat(history(build)).extracting(HistoryEntry::result).containsExactly(Result.Succeeded);
        }

        @Test
        void neverSaysThatTheNewGenerationIsReadyWhileItWaits() {
            build.run();
            build.edit(queued("one", "latest"));
            build.run();
            assertThat(ready()).isEqualTo(Condition.Status.Unknown);
            assertThat(build.condition("Ready").orElseThrow().message())
                    .startsWith("A newer run (InputsChanged) waits");

            endPods();
            build.run();
            build.publish(build.published());

            // The status as it is written when the old run ends, before the new one is recorded.
            assertThat(build.currentRun().phase()).isEqualTo(Phase.Succeeded);
            assertThat(build.status.observedGeneration()).isEqualTo(2);
            assertThat(ready()).isEqualTo(Condition.Status.Unknown);
            assertThat(build.condition("Reconciling")).isPresent();
            assertThat(build.condition("Finished").orElseThrow().status()).isEqualTo(Condition.Status.False);
        }

        @Test
        void publishesTheOldRunUnderItsOwnTagsAndPlatforms() {
            build.run();
            build.edit(queued("one", "v2").replace("[linux/amd64, linux/arm64]", "[linux/amd64]"));
            build.run();
            endPods();

            assertThat(build.run())
                    .isInstanceOfSatisfying(
                            Decision.Publish.class,
                            publish -> assertThat(publish.results())
                                    .extracting(PlatformResult::platform)
                                    .containsExactly(AMD64, "linux/arm64"));
            assertThat(build.observed().ofRun().spec().output().tags()).containsExactly("latest");
            build.publish(build.published());
            build.run();
            assertThat(build.currentRun().number()).isEqualTo(2);
            assertThat(build.observed().ofRun().spec().output().tags()).containsExactly("v2");
        }

        @Test
        void takesNewTagsOfTheSameInputsAtOnce() {
            build.run();
            build.edit(queued("scratch", "v2"));
            build.run();
            build.edit(queued("one", "v3"));
            build.run();

            assertThat(build.observed().ofRun().spec().output().tags()).containsExactly("v2");
        }

        @Test
        void holdsForARebuildRequestToo() {
            build.run();
            build.requestRebuild("1");
            build.run();
            assertThat(build.currentRun().number()).isEqualTo(1);

            build.succeed();

            assertThat(build.currentRun().number()).isEqualTo(2);
            assertThat(build.currentRun().cause()).isEqualTo(Cause.Requested);
        }

        @Test
        void keepsNoSpecOfARunThatHasEnded() {
            build.run();
            assertThat(build.currentRun().spec()).isEqualTo(build.spec);

            build.succeed();

            assertThat(build.currentRun().spec()).isNull();
        }

        @Test
        void cannotFinishARunThatStartedUnderReplace() {
            Scenario replaced = new Scenario(Specs.INLINE);
            replaced.run();

            replaced.edit(queued("one", "latest"));
            replaced.run();

            assertThat(replaced.currentRun().number()).isEqualTo(2);
        }

        @Test
        void endsWhenThePolicyIsReplaceAgain() {
            build.run();
            build.edit(queued("one", "latest"));
            build.run();

            build.edit(base("one", "latest"));
            build.run();

            assertThat(build.currentRun().number()).isEqualTo(2);
            assertThat(history(build)).extracting(HistoryEntry::result).containsExactly(Result.Replaced);
        }

        private Condition.Status ready() {
            return build.condition("Ready").orElseThrow().status();
        }

        private void endPods() {
            RequestedPlatforms.of(build.observed().ofRun().spec())
                    .forEach(platform -> build.end(platform, build.succeeded(platform)));
        }
    }

    private static List<HistoryEntry> history(Scenario build) {
        return Objects.requireNonNull(build.status.history());
    }

    private static String base(String image, String tag) {
        return Specs.INLINE.replace("scratch", image).replace("[latest]", "[" + tag + "]");
    }

    private static String queued(String image, String tag) {
        return base(image, tag) + "concurrencyPolicy: Queue\n";
    }
}
