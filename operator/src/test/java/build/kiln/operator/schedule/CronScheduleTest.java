package build.kiln.operator.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.api.v1alpha1.Schedule;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CronScheduleTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                0 3 * * 1     | Asia/Tokyo    | 2026-11-23T00:00:00Z | 2026-11-29T18:00:00Z
                0 3 * * 1     |               | 2026-11-23T00:00:00Z | 2026-11-23T03:00:00Z
                0 3 * * MON   | UTC           | 2026-11-23T03:00:00Z | 2026-11-30T03:00:00Z
                */20 * * * *  | UTC           | 2026-11-23T03:00:01Z | 2026-11-23T03:20:00Z
                0 0 13 * 5    | UTC           | 2026-11-07T00:00:00Z | 2026-11-13T00:00:00Z
                0 0 29 2 *    | UTC           | 2026-11-23T00:00:00Z | 2028-02-29T00:00:00Z
                """)
    void nextTime(String cron, @Nullable String zone, Instant after, Instant next) throws Exception {
        assertThat(schedule(cron, zone).next(after)).isEqualTo(next);
    }

    @Test
    void leavesOutWhatTheStartOfSummerTimeSkips() throws Exception {
        assertThat(times("30 2 * * *", "2026-03-28T00:00:00Z", 2))
                .containsExactly(Instant.parse("2026-03-28T01:30:00Z"), Instant.parse("2026-03-30T00:30:00Z"));
    }

    @Test
    void comesOnceWhereTheEndOfSummerTimeRepeats() throws Exception {
        assertThat(times("30 2 * * *", "2026-10-24T12:00:00Z", 2))
                .containsExactly(Instant.parse("2026-10-25T00:30:00Z"), Instant.parse("2026-10-26T01:30:00Z"));
    }

    @Test
    void everyHalfHourGoesOnThroughTheRepeatedHour() throws Exception {
        List<Instant> times = times("*/30 * * * *", "2026-10-24T23:30:00Z", 8);

        for (int i = 1; i < times.size(); i++) {
            assertThat(times.get(i)).isEqualTo(times.get(i - 1).plusSeconds(1800));
        }
    }

    @Test
    void lastTimeIsTheMomentItselfOrTheOneBefore() throws Exception {
        CronSchedule hourly = schedule("0 * * * *", "UTC");

        assertThat(hourly.last(Instant.parse("2026-11-23T03:00:00Z"))).contains(Instant.parse("2026-11-23T03:00:00Z"));
        assertThat(hourly.last(Instant.parse("2026-11-23T02:59:59.999Z")))
                .contains(Instant.parse("2026-11-23T02:00:00Z"));
        assertThat(hourly.names(Instant.parse("2026-11-23T03:00:00Z"))).isTrue();
        assertThat(hourly.names(Instant.parse("2026-11-23T03:01:00Z"))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "61 * * * *",
                "* * * *",
                "a b c d e",
                "*/0 * * * *",
                "0 25 * * *",
                "@daily",
                "0 0 L * *",
                "0 0 ? * 1",
                "0 0 * * 8",
                "10-5 * * * *",
                "-1 * * * *",
                ", * * * *",
                "1-2-3 * * * *",
                "99999999999 * * * *"
            })
    void refusesWhatIsNoCronExpression(String cron) {
        assertThatThrownBy(() -> schedule(cron, "UTC"))
                .isInstanceOf(InvalidScheduleException.class)
                .hasMessageContainingAll("spec.schedule.cron", "such as 0 3 * * 1")
                .satisfies(
                        e -> assertThat(String.valueOf(e.getMessage()).lines()).hasSize(2));
    }

    @Test
    void refusesADayThatNeverComes() {
        assertThatThrownBy(() -> schedule("0 0 30 2 *", "UTC"))
                .isInstanceOf(InvalidScheduleException.class)
                .hasMessageContaining("a day that never comes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Mars/Olympus", "+09:00", "JST9", "utc"})
    void refusesWhatIsNoNameOfATimeZone(String zone) {
        assertThatThrownBy(() -> schedule("0 3 * * 1", zone))
                .isInstanceOf(InvalidScheduleException.class)
                .hasMessageContainingAll("spec.schedule.timeZone", zone, "Asia/Tokyo");
    }

    private static List<Instant> times(String cron, String after, int count) throws InvalidScheduleException {
        CronSchedule schedule = schedule(cron, "Europe/Berlin");
        List<Instant> times = new ArrayList<>();
        Instant time = Instant.parse(after);
        for (int i = 0; i < count; i++) {
            time = schedule.next(time);
            times.add(time);
        }
        return times;
    }

    private static CronSchedule schedule(String cron, @Nullable String zone) throws InvalidScheduleException {
        return CronSchedule.of(new Schedule(cron, zone));
    }
}
