package build.kiln.e2e;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Looks at the tags of builds all the time: whenever one points at something, that has to be the whole image. */
final class TagWitness implements AutoCloseable {
    private static final Duration PERIOD = Duration.ofMillis(50);

    private final RegistryFolder registry;
    private final List<ChaosBuild> builds = new CopyOnWriteArrayList<>();
    private final Map<String, String> seen = new HashMap<>();
    private final List<String> faults = new ArrayList<>();
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(Thread.ofVirtual().name("tags").factory());
    private final Future<?> watching;
    private volatile boolean ended;

    TagWitness(RegistryFolder registry) {
        this.registry = registry;
        this.watching = thread.submit(this::watch);
    }

    void add(ChaosBuild build) {
        builds.add(build);
    }

    /** Stops looking and returns what was wrong at some moment. */
    List<String> faults() {
        ended = true;
        try {
            watching.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (ExecutionException e) {
            throw new AssertionError("the tags could not be watched", e);
        }
        return List.copyOf(faults);
    }

    private Void watch() throws InterruptedException {
        while (!ended) {
            builds.forEach(this::look);
            Thread.sleep(PERIOD);
        }
        builds.forEach(this::look);
        return null;
    }

    private void look(ChaosBuild build) {
        registry.tag(build.repository(), ChaosBuild.TAG).ifPresent(digest -> {
            if (!digest.equals(seen.put(build.repository(), digest))) {
                faults.addAll(registry.faults(build.repository(), digest, build.platforms(), build.text()));
            }
        });
    }

    @Override
    public void close() {
        ended = true;
        thread.close();
    }
}
