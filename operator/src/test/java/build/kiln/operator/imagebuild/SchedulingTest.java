package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.Run.Phase;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** Runs at the times of a schedule. The build is created at ten o'clock. */
class SchedulingTest {
    private final Scenario build = new Scenario(hourly("0 * * * *"));

    @Test
    void startsARunAtEachTime() {
        build.succeed();
        assertThat(build.status.nextScheduleTime()).isEqualTo("2026-11-23T11:00:00Z");
        build.pass(Duration.ofMinutes(59));
        build.run();
        assertThat(build.currentRun().number()).isEqualTo(1);
        assertThat(build.settle()).isEqualTo(new Decision.Wait(Instant.parse("2026-11-23T11:00:00Z")));

        build.pass(Duration.ofMinutes(1));
        build.run();

        assertThat(build.currentRun().cause()).isEqualTo(Cause.Scheduled);
        assertThat(build.status.lastScheduleTime()).isEqualTo("2026-11-23T11:00:00Z");
        assertThat(build.status.nextScheduleTime()).isEqualTo("2026-11-23T12:00:00Z");
    }

    @Test
    void catchesUpWithManyMissedTimesOnce() {
        build.succeed();
        build.pass(Duration.ofHours(30));

        build.succeed();
        build.settle();

        assertThat(build.currentRun().number()).isEqualTo(2);
        assertThat(build.status.lastScheduleTime()).isEqualTo("2026-11-24T16:00:00Z");
        assertThat(build.status.nextScheduleTime()).isEqualTo("2026-11-24T17:00:00Z");
    }

    @Test
    void doesNotFireForTimesBeforeItWasChanged() {
        build.succeed();

        // While nobody looked, eleven o'clock passed, and then the schedule was changed.
        build.pass(Duration.ofMinutes(70));
        build.edit(hourly("30 * * * *"));
        build.run();

        assertThat(build.currentRun().number()).isEqualTo(1);
        assertThat(build.status.nextScheduleTime()).isEqualTo("2026-11-23T11:30:00Z");
    }

    @Test
    void takesAnEarlierTimeAtOnceWhenItIsChanged() {
        build.succeed();

        build.edit(hourly("30 * * * *"));
        build.run();

        assertThat(build.status.nextScheduleTime()).isEqualTo("2026-11-23T10:30:00Z");
    }

    @Test
    void doesNotFireForTimesBeforeItWasWritten() {
        Scenario unscheduled = new Scenario(Specs.INLINE);
        unscheduled.succeed();
        unscheduled.pass(Duration.ofDays(3));

        unscheduled.edit(hourly("0 * * * *"));
        unscheduled.run();

        assertThat(unscheduled.currentRun().number()).isEqualTo(1);
        assertThat(unscheduled.status.nextScheduleTime()).isEqualTo("2026-11-26T11:00:00Z");
    }

    @Test
    void neverEndsARunUnderWayButComesAfterIt() {
        build.run();
        build.pass(Duration.ofHours(2));
        build.run();
        assertThat(build.currentRun().number()).isEqualTo(1);

        build.succeed();

        assertThat(build.currentRun().number()).isEqualTo(2);
        assertThat(build.currentRun().cause()).isEqualTo(Cause.Scheduled);
    }

    @Test
    void anyRunAnswersTheTimeThatIsDue() {
        build.succeed();
        build.pass(Duration.ofHours(1));
        build.edit(hourly("0 * * * *").replace("scratch", "busybox"));
        build.succeed();
        build.settle();

        assertThat(build.currentRun().number()).isEqualTo(2);
        assertThat(build.currentRun().cause()).isEqualTo(Cause.InputsChanged);
        assertThat(build.status.lastScheduleTime()).isEqualTo("2026-11-23T11:00:00Z");
    }

    @Test
    void isCaughtUpWithOnceAfterASuspension() {
        build.succeed();
        build.edit(hourly("0 * * * *") + "suspend: true\n");
        build.pass(Duration.ofHours(5));
        build.run();
        assertThat(build.currentRun().number()).isEqualTo(1);

        build.edit(hourly("0 * * * *"));
        build.succeed();
        build.settle();

        assertThat(build.currentRun().number()).isEqualTo(2);
    }

    @Test
    void forgetsTheNextTimeWithTheSchedule() {
        build.succeed();

        build.edit(Specs.INLINE);
        build.run();

        assertThat(build.status.nextScheduleTime()).isNull();
    }

    @Test
    void thatCannotBeKeptIsNamedAndStartsNothing() {
        Scenario invalid = new Scenario(hourly("0 25 * * *"));

        assertThat(invalid.settle()).isInstanceOf(Decision.Wait.class);

        assertThat(invalid.status.run()).isNull();
        assertThat(invalid.condition("Stalled").orElseThrow().reason()).isEqualTo("InvalidSpec");
        assertThat(invalid.condition("Ready").orElseThrow().message()).contains("spec.schedule.cron", "25");
        invalid.edit(hourly("0 23 * * *"));
        invalid.run();
        assertThat(invalid.currentRun().phase()).isEqualTo(Phase.Building);
    }

    private static String hourly(String cron) {
        return Specs.INLINE + "schedule: {cron: \"" + cron + "\"}\n";
    }
}
