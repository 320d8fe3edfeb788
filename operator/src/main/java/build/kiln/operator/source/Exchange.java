package build.kiln.operator.source;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** What one question to a git server may cost, and how the server answered; used by one thread. */
final class Exchange {
    /** About 100000 references of a server that cannot filter them; far more than any answer to a filtered question. */
    static final long MOST_BYTES = 8L * 1024 * 1024;

    private final Duration timeout;
    private final long end;
    private long bytes;
    private int status;

    Exchange(Duration timeout) {
        this.timeout = timeout;
        this.end = System.nanoTime() + timeout.toNanos();
    }

    /** Time that is left, for a setting in milliseconds where 0 would mean for ever. */
    int remainingMillis() {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        return Math.clamp(left, 1, Integer.MAX_VALUE);
    }

    void requireTime() throws IOException {
        if (System.nanoTime() - end > 0) {
            throw new TooLateException("no complete answer within " + timeout.toSeconds() + " s");
        }
    }

    void received(long count) throws IOException {
        bytes += count;
        if (bytes > MOST_BYTES) {
            throw new TooLargeException("the answer is larger than " + MOST_BYTES / 1024 / 1024 + " MiB");
        }
    }

    void answered(int httpStatus) {
        status = httpStatus;
    }

    /** HTTP status of the last answer; 0 when there was none. */
    int status() {
        return status;
    }

    /** The time is over. */
    static final class TooLateException extends IOException {
        private static final long serialVersionUID = 1L;

        TooLateException(String message) {
            super(message);
        }
    }

    /** The answer is longer than any sensible one. */
    static final class TooLargeException extends IOException {
        private static final long serialVersionUID = 1L;

        TooLargeException(String message) {
            super(message);
        }
    }
}
