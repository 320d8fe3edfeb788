package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.HistoryEntry;
import build.kiln.api.v1alpha1.HistoryEntry.Result;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfSource;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.source.Resolution;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Cancel, suspend, and the end of an object's life. */
class RequestsTest {
    @Nested
    class Cancel {
        @ParameterizedTest
        @EnumSource(
                value = Phase.class,
                names = {"Resolving", "Building", "Publishing"})
        void endsARunInEveryPhase(Phase phase) {
            Scenario build = in(phase);

            build.requestCancel("1");
            Decision decision = build.run();

            assertThat(decision).isInstanceOf(Decision.Wait.class);
            assertThat(build.currentRun().phase()).isEqualTo(Phase.Cancelled);
            assertThat(build.status.lastHandledCancelAt()).isEqualTo("1");
            assertThat(build.pods.values()).allMatch(WorkerPod::ended);
            assertThat(reasons(build))
                    .containsExactly("Ready=False Cancelled", "Stalled=True Cancelled", "Finished=True Cancelled");
            assertThat(history(build)).extracting(HistoryEntry::result).containsExactly(Result.Cancelled);
        }

        @Test
        void leavesThePlatformsThatHadEndedAsTheyAre() {
            Scenario build = in(Phase.Building);
            build.end("linux/amd64", build.succeeded("linux/amd64"));
            build.run();

            build.requestCancel("1");
            build.run();

            assertThat(RunPlanner.platformsOf(build.status))
                    .extracting(PlatformStatus::state)
                    .containsExactly(State.Succeeded, State.Cancelled);
        }

        @Test
        void isHandledOnce() {
            Scenario build = in(Phase.Building);
            build.requestCancel("1");
            build.run();
            build.requestRebuild("1");
            build.run();

            assertThat(build.currentRun().number()).isEqualTo(2);
            assertThat(build.currentRun().phase()).isEqualTo(Phase.Resolving);
        }

        @Test
        void doesNothingButEchoWithoutARunUnderWay() {
            Scenario build = new Scenario(Specs.INLINE);
            build.succeed();

            build.requestCancel("1");
            build.run();

            assertThat(build.currentRun().phase()).isEqualTo(Phase.Succeeded);
            assertThat(build.status.lastHandledCancelAt()).isEqualTo("1");
        }

        @Test
        void thatIsThereFromTheStartKeepsNoRunFromStarting() {
            Scenario build = new Scenario(Specs.INLINE);
            build.requestCancel("1");

            assertThat(build.settle()).isInstanceOf(Decision.CreatePods.class);
            assertThat(build.status.lastHandledCancelAt()).isEqualTo("1");
        }

        @Test
        void comesFirstWhenARebuildIsRequestedInTheSameEdit() {
            Scenario build = in(Phase.Building);

            build.requestCancel("1");
            build.requestRebuild("1");
            build.run();

            assertThat(build.currentRun().number()).isEqualTo(2);
            assertThat(build.currentRun().cause()).isEqualTo(Cause.Requested);
            assertThat(history(build)).extracting(HistoryEntry::result).containsExactly(Result.Cancelled);
        }

        @Test
        void echoesOnlyTheBeginningOfALongToken() {
            Scenario build = in(Phase.Building);
            build.requestCancel("x".repeat(100_000));
            build.run();

            assertThat(build.status.lastHandledCancelAt()).hasSize(256);
            assertThat(build.settle()).isInstanceOf(Decision.Wait.class);
        }
    }

    @Nested
    class Suspend {
        private static final String SUSPENDED = Specs.INLINE + "suspend: true\n";

        @Test
        void keepsTheFirstRunFromStarting() {
            Scenario build = new Scenario(SUSPENDED);

            assertThat(build.settle()).isEqualTo(new Decision.Wait(null));

            assertThat(build.status.run()).isNull();
            assertThat(build.status.observedGeneration()).isEqualTo(1);
            assertThat(reasons(build)).containsExactly("Ready=False Suspended", "Finished=False Suspended");
        }

        @Test
        void isReadyWhenAnImageOfThisSpecExists() {
            Scenario build = new Scenario(Specs.INLINE);
            build.succeed();

            build.edit(SUSPENDED);
            build.requestRebuild("1");
            build.settle();

            assertThat(reasons(build)).containsExactly("Ready=True Succeeded", "Finished=True Succeeded");
            assertThat(build.status.lastHandledRebuildAt()).isNull();
        }

        @Test
        void isNotReadyWhenTheImageIsOfAnotherSpec() {
            Scenario build = new Scenario(Specs.INLINE);
            build.succeed();

            build.edit(SUSPENDED.replace("scratch", "busybox").replace("latest", "v2"));

            assertThat(build.settle()).isInstanceOf(Decision.Wait.class);
            assertThat(reasons(build)).containsExactly("Ready=False Suspended", "Finished=False Suspended");
            assertThat(build.status.tags()).containsExactly("latest");
        }

        @Test
        void letsARunUnderWayGoOn() {
            Scenario build = in(Phase.Building);
            build.edit(Specs.GIT + "suspend: true\n");
            build.settle();
            assertThat(build.condition("Reconciling")).isPresent();

            build.succeed();

            assertThat(build.currentRun().phase()).isEqualTo(Phase.Succeeded);
        }

        @Test
        void endsARunWhoseInputsAreChangedInTheSameEdit() {
            Scenario build = in(Phase.Building);

            build.edit(Specs.GIT.replace("main", "other") + "suspend: true\n");
            build.run();

            assertThat(build.currentRun().phase()).isEqualTo(Phase.Cancelled);
            assertThat(build.pods).isEmpty();
            assertThat(reasons(build)).containsExactly("Ready=False Suspended", "Finished=False Suspended");
        }

        @Test
        void startsWhatBecameDueOnceItEnds() {
            Scenario build = new Scenario(Specs.INLINE);
            build.succeed();
            build.edit(SUSPENDED);
            build.requestRebuild("1");
            build.run();
            build.requestRebuild("2");
            build.run();

            build.edit(Specs.INLINE);
            build.succeed();
            build.settle();

            assertThat(build.currentRun().number()).isEqualTo(2);
            assertThat(build.status.lastHandledRebuildAt()).isEqualTo("2");
        }
    }

    @Nested
    class TimeToLive {
        private static final String TEN_MINUTES = Specs.INLINE + "ttlSecondsAfterFinished: 660\n";

        @Test
        void deletesTheObjectAfterItsRunHasEnded() {
            Scenario build = new Scenario(TEN_MINUTES);
            build.succeed();
            assertThat(build.settle()).isEqualTo(new Decision.Wait(build.now.plusSeconds(600)));
            build.pass(Duration.ofMinutes(10));
            assertThat(build.run()).isEqualTo(new Decision.Wait(build.now.plusSeconds(60)));

            build.pass(Duration.ofMinutes(1));

            assertThat(build.run()).isEqualTo(new Decision.DeleteBuild());
        }

        @Test
        void countsFromTheFailureToo() {
            Scenario build = new Scenario(Specs.GIT + "ttlSecondsAfterFinished: 0\n");
            build.settle();
            build.resolve(new Resolution.Unresolved(Diagnosis.of(OfSource.NOT_FOUND, "no branch main")));

            assertThat(build.settle()).isEqualTo(new Decision.DeleteBuild());
        }

        @Test
        void sparesWhatIsAboutToBuildAgain() {
            Scenario build = new Scenario(TEN_MINUTES);
            build.succeed();
            build.pass(Duration.ofDays(1));
            build.edit(TEN_MINUTES.replace("scratch", "busybox"));

            assertThat(build.run()).isInstanceOf(Decision.Wait.class);
            assertThat(build.currentRun().number()).isEqualTo(2);
        }
    }

    private static Scenario in(Phase phase) {
        Scenario build = new Scenario(Specs.GIT);
        build.settle();
        if (phase != Phase.Resolving) {
            build.resolve(new Resolution.Resolved(Specs.COMMIT));
            build.run();
        }
        if (phase == Phase.Publishing) {
            RequestedPlatforms.of(build.spec).forEach(platform -> build.end(platform, build.succeeded(platform)));
            build.run();
        }
        assertThat(build.currentRun().phase()).isEqualTo(phase);
        return build;
    }

    private static List<HistoryEntry> history(Scenario build) {
        return Objects.requireNonNull(build.status.history());
    }

    private static List<String> reasons(Scenario build) {
        ImageBuildStatus status = build.status;
        return Objects.requireNonNull(status.conditions()).stream()
                .map((Condition condition) -> condition.type() + "=" + condition.status() + " " + condition.reason())
                .toList();
    }
}
