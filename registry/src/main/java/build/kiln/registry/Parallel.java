package build.kiln.registry;

import build.kiln.registry.http.RegistryException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** Runs tasks at the same time, a few at once, and ends when all have ended. */
final class Parallel {
    private static final int AT_ONCE = 8;

    private Parallel() {}

    /**
     * The results in the order of the tasks.
     *
     * @throws RegistryException the failure of the first task in the list that failed; tasks behind it are interrupted
     */
    static <T> List<T> all(String action, List<Callable<T>> tasks) throws RegistryException {
        Semaphore free = new Semaphore(AT_ONCE);
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<T>> futures = new ArrayList<>();
            for (Callable<T> task : tasks) {
                futures.add(executor.submit(() -> {
                    free.acquire();
                    try {
                        return task.call();
                    } finally {
                        free.release();
                    }
                }));
            }
            return results(action, futures, executor);
        }
    }

    private static <T> List<T> results(String action, List<Future<T>> futures, ExecutorService executor)
            throws RegistryException {
        try {
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        } catch (InterruptedException e) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
            throw new RegistryException.Interrupted(action);
        } catch (ExecutionException e) {
            executor.shutdownNow();
            throw failure(action, e.getCause());
        }
    }

    private static RegistryException failure(String action, @Nullable Throwable cause) {
        return switch (cause) {
            case RegistryException failure -> failure;
            case RuntimeException defect -> throw defect;
            case Error error -> throw error;
            case null, default -> throw new IllegalStateException(action, cause);
        };
    }
}
