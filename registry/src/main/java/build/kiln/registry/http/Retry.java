package build.kiln.registry.http;

import java.time.Duration;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Makes an attempt again while its failure may pass, within the bounds of the settings and the deadline. */
final class Retry {
    private final HttpSettings settings;
    private final Sleeper sleeper;
    private final RandomGenerator random = RandomGenerator.getDefault();

    /** One attempt. */
    @FunctionalInterface
    interface Attempt<T> {
        T run() throws RegistryException;
    }

    Retry(HttpSettings settings, Sleeper sleeper) {
        this.settings = settings;
        this.sleeper = sleeper;
    }

    <T> T run(String action, Deadline deadline, Attempt<T> attempt) throws RegistryException {
        @Nullable RegistryException last = null;
        for (int made = 1; ; made++) {
            if (deadline.isOver()) {
                throw deadline.exceeded(action, last);
            }
            try {
                return attempt.run();
            } catch (RegistryException failure) {
                if (made >= settings.attempts() || !mayPass(failure)) {
                    throw failure;
                }
                last = failure;
            }
            pause(action, last, made, deadline);
        }
    }

    private static boolean mayPass(RegistryException failure) {
        return failure.isRetryable()
                && !(failure instanceof RegistryException.DeadlineExceeded)
                && !(failure instanceof RegistryException.Interrupted);
    }

    private void pause(String action, RegistryException failure, int made, Deadline deadline) throws RegistryException {
        Duration wait = failure.retryAfter().orElseGet(() -> backOff(made));
        if (wait.compareTo(settings.longestWait()) > 0 || wait.compareTo(deadline.remaining()) >= 0) {
            throw failure;
        }
        try {
            sleeper.sleep(wait);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RegistryException.Interrupted(action);
        }
    }

    private Duration backOff(int made) {
        long doubled = settings.firstWait().toMillis() << Math.min(made - 1, 16);
        long bounded = Math.min(doubled, settings.longestWait().toMillis());
        return Duration.ofMillis(bounded - random.nextLong(bounded / 2 + 1));
    }
}
