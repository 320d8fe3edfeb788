package build.kiln.registry.http;

import java.time.Duration;

/** Waits. A seam, so that tests of waiting do not wait. */
@FunctionalInterface
public interface Sleeper {
    /**
     * Waits for the duration.
     *
     * @throws InterruptedException when the thread is interrupted meanwhile
     */
    void sleep(Duration duration) throws InterruptedException;

    /** Waits by sleeping. */
    static Sleeper system() {
        return Thread::sleep;
    }
}
