package build.kiln.worker;

import build.kiln.worker.SolveStatus.Transfer;
import build.kiln.worker.SolveStatus.Vertex;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * When a build last made progress. A report alone is none: the daemon goes on reporting a transfer that does not move. Output
 * is, and so is a step that starts or ends, and a transfer that moves.
 */
final class Liveness {
    /** Beyond that nothing is remembered, and every report counts. */
    private static final int MAX_KNOWN = 20_000;

    private final Map<String, Object> known = new HashMap<>();
    private final Clock clock;

    Liveness(Clock clock, Instant now) {
        this.clock = clock;
        clock.moved(now);
    }

    /** When anything last moved. Builds that share a daemon share it: one of them may wait for the others' steps. */
    static final class Clock {
        private Instant last = Instant.MIN;

        private synchronized void moved(Instant now) {
            last = now.isBefore(last) ? last : now;
        }

        private synchronized Duration silence(Instant now) {
            return Duration.between(last, now);
        }
    }

    synchronized void report(SolveStatus status, Instant now) {
        boolean moved = !status.warnings().isEmpty() || status.logs().stream().anyMatch(log -> log.data().length > 0);
        for (Vertex vertex : status.vertexes()) {
            moved |= isNew(vertex.digest(), vertex);
        }
        for (Transfer transfer : status.transfers()) {
            moved |= isNew(transfer.vertex() + " " + transfer.id(), place(transfer));
        }
        if (moved) {
            clock.moved(now);
        }
    }

    Duration silence(Instant now) {
        return clock.silence(now);
    }

    private boolean isNew(String key, Object state) {
        if (known.size() >= MAX_KNOWN && !known.containsKey(key)) {
            return true;
        }
        return !state.equals(known.put(key, state));
    }

    /** Without the time of the report. */
    private static Transfer place(Transfer transfer) {
        return new Transfer(
                transfer.id(),
                transfer.vertex(),
                transfer.current(),
                transfer.total(),
                null,
                transfer.started(),
                transfer.completed());
    }
}
