package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.Schedule;
import build.kiln.operator.schedule.CronSchedule;
import build.kiln.operator.schedule.InvalidScheduleException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Runs at the times of {@code spec.schedule}. The next time is in status: once it has passed, a run is due, and starting one
 * moves it into the future, however many times passed in between. A schedule that is written or changed counts from then on.
 */
final class Scheduling {
    private Scheduling() {}

    /** Why the schedule cannot be kept. */
    static Optional<String> problem(ImageBuildSpec spec) {
        Schedule schedule = spec.schedule();
        if (schedule == null) {
            return Optional.empty();
        }
        try {
            CronSchedule.of(schedule);
            return Optional.empty();
        } catch (InvalidScheduleException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    static boolean isDue(ObservedBuild build) {
        Instant next = next(build.status());
        return next != null
                && !build.now().isBefore(next)
                && schedule(build).filter(times -> times.names(next)).isPresent();
    }

    /** The status with the next time of the schedule as it is written now. A time that is due stays. */
    static ImageBuildStatus upToDate(ObservedBuild build, ImageBuildStatus status) {
        return isDue(build) ? status : withNext(build, status);
    }

    /** The status after a run was started, which answers every time that has passed. */
    static ImageBuildStatus handled(ObservedBuild build, ImageBuildStatus status) {
        if (!isDue(build)) {
            return status;
        }
        String last = schedule(build)
                .flatMap(times -> times.last(build.now()))
                .map(Instant::toString)
                .orElse(status.lastScheduleTime());
        return withNext(
                build,
                ImageBuildStatusBuilder.builder(status).lastScheduleTime(last).build());
    }

    /** When a run will be due. */
    static Optional<Instant> nextTime(ObservedBuild build) {
        return Optional.ofNullable(next(build.status()))
                .filter(next -> build.now().isBefore(next));
    }

    private static ImageBuildStatus withNext(ObservedBuild build, ImageBuildStatus status) {
        @Nullable
        String next =
                schedule(build).map(times -> times.next(build.now()).toString()).orElse(null);
        return ImageBuildStatusBuilder.builder(status).nextScheduleTime(next).build();
    }

    private static @Nullable Instant next(ImageBuildStatus status) {
        return status.nextScheduleTime() == null ? null : Instant.parse(status.nextScheduleTime());
    }

    private static Optional<CronSchedule> schedule(ObservedBuild build) {
        Schedule schedule = build.spec().schedule();
        if (schedule == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(CronSchedule.of(schedule));
        } catch (InvalidScheduleException e) {
            // Told by problem(): without a schedule that can be kept there are no times.
            return Optional.empty();
        }
    }
}
