package build.kiln.operator.schedule;

import build.kiln.api.v1alpha1.Schedule;
import com.cronutils.model.Cron;
import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;

/**
 * The times that a {@code spec.schedule} names: five fields of crontab(5) in a time zone. Where both days are restricted, one
 * of them is enough, as there. Times that the start of summer time skips are left out, those that its end repeats come once.
 */
public final class CronSchedule {
    private static final int LONGEST_CAUSE = 200;
    private static final CronParser PARSER = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));

    private final ExecutionTime times;
    private final ZoneId zone;

    private CronSchedule(ExecutionTime times, ZoneId zone) {
        this.times = times;
        this.zone = zone;
    }

    /**
     * Reads a schedule. There is no schedule without a next time from any moment on.
     *
     * @throws InvalidScheduleException when it cannot be understood, or names no time at all
     */
    public static CronSchedule of(Schedule schedule) throws InvalidScheduleException {
        CronSchedule read = new CronSchedule(times(schedule.cron()), zone(schedule));
        if (read.after(Instant.EPOCH).isEmpty()) {
            throw new InvalidScheduleException("spec.schedule.cron: " + schedule.cron()
                    + " names a day that never comes.\nCorrect the day of the month or the month.");
        }
        return read;
    }

    /** The first time after that moment. */
    public Instant next(Instant moment) {
        return after(moment).orElseThrow();
    }

    /** The last time up to that moment, itself included. */
    public Optional<Instant> last(Instant moment) {
        return times.lastExecution(at(moment.truncatedTo(ChronoUnit.SECONDS).plusSeconds(1)))
                .map(ZonedDateTime::toInstant);
    }

    /** Whether the schedule names this moment. */
    public boolean names(Instant moment) {
        return times.isMatch(at(moment));
    }

    private Optional<Instant> after(Instant moment) {
        return times.nextExecution(at(moment)).map(ZonedDateTime::toInstant);
    }

    private ZonedDateTime at(Instant moment) {
        return moment.atZone(zone);
    }

    private static ExecutionTime times(String cron) throws InvalidScheduleException {
        try {
            Cron parsed = PARSER.parse(cron);
            return ExecutionTime.forCron(parsed.validate());
        } catch (IllegalArgumentException e) {
            String cause = Objects.requireNonNullElse(e.getMessage(), "not a cron expression");
            throw new InvalidScheduleException(
                    "spec.schedule.cron: " + cause.substring(0, Math.min(cause.length(), LONGEST_CAUSE))
                            + "\nWrite minute, hour, day of the month, month and day of the week, such as 0 3 * * 1.");
        }
    }

    private static ZoneId zone(Schedule schedule) throws InvalidScheduleException {
        String name = Objects.requireNonNullElse(schedule.timeZone(), "UTC");
        // Java knows offsets and abbreviations besides; they are no names of the database, and hide changes of the
        // clock.
        if (!ZoneId.getAvailableZoneIds().contains(name)) {
            throw new InvalidScheduleException("spec.schedule.timeZone: there is no time zone " + name
                    + ".\nWrite a name of the IANA time zone database, such as Asia/Tokyo.");
        }
        return ZoneId.of(name);
    }
}
