package build.kiln.registry.http;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** When a whole call has to be done. */
record Deadline(Clock clock, Instant end, Duration allowed) {
    static Deadline after(Duration allowed, Clock clock) {
        return new Deadline(clock, clock.instant().plus(allowed), allowed);
    }

    Duration remaining() {
        return Duration.between(clock.instant(), end);
    }

    boolean isOver() {
        return !remaining().isPositive();
    }

    RegistryException.DeadlineExceeded exceeded(String action, @Nullable Throwable last) {
        String before = last == null ? "" : "; last failure: " + last.getMessage();
        return new RegistryException.DeadlineExceeded(
                action, "not done within " + allowed.toMillis() + " ms" + before, last);
    }
}
