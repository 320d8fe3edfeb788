package build.kiln.registry.http;

import java.time.Duration;

/** How long a single request may take under the deadline of the whole call. */
final class Limits {
    private Limits() {}

    /** The smaller of both in milliseconds, and at least one: zero would mean no limit. */
    static long of(Duration limit, Deadline deadline) {
        return Math.max(1, Math.min(limit.toMillis(), deadline.remaining().toMillis()));
    }
}
