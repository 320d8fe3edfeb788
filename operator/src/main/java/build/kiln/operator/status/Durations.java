package build.kiln.operator.status;

import java.time.Duration;

/** Durations as {@code kubectl} shows them: 42s, 3m12s, 1h5m. */
final class Durations {
    private Durations() {}

    static String text(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        if (seconds < 60) {
            return seconds + "s";
        }
        if (seconds < 3600) {
            return seconds / 60 + "m" + seconds % 60 + "s";
        }
        return seconds / 3600 + "h" + seconds % 3600 / 60 + "m";
    }
}
