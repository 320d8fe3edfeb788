package build.kiln.worker;

import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.CacheUse;
import build.kiln.protocol.BuildResult.Failed;
import build.kiln.protocol.BuildResult.Succeeded;
import build.kiln.protocol.BuildResult.Timings;
import build.kiln.protocol.BuildResult.Traffic;
import build.kiln.protocol.BuildResultSucceededBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Builds the platforms of one request on one daemon, all at the same time: steps that are the same for several of them are
 * executed once, and the daemon's own limit keeps the others from overloading the pod. The first failure ends the others.
 */
final class SharedBuild {
    private final WorkerSettings settings;
    private final List<PlatformBuild> builds;
    private final Cancellation cancellation;
    private final OptionalLong sentBefore;

    /**
     * @param builds the request's own platform first
     * @param cancellation of the worker
     */
    SharedBuild(WorkerSettings settings, List<PlatformBuild> builds, Cancellation cancellation) {
        this.settings = settings;
        this.builds = builds;
        this.cancellation = cancellation;
        this.sentBefore = NetworkCounters.sentBytes(settings.networkCounters());
    }

    /**
     * Builds and pushes.
     *
     * @param together ends all builds
     * @return that of the first platform, with what came of the others; or the first failure
     */
    BuildResult push(Instant deadline, Timings timings, Cancellation together) throws InterruptedException {
        Queue<Failed> failures = new ConcurrentLinkedQueue<>();
        List<Callable<BuildResult>> pushes = new ArrayList<>();
        for (PlatformBuild build : builds) {
            pushes.add(() -> {
                BuildResult result = build.push(deadline, timings);
                if (result instanceof Failed failed) {
                    failures.add(failed);
                    together.request();
                }
                return result;
            });
        }
        List<BuildResult> results = all(pushes);
        if (!failures.isEmpty()) {
            return mostTelling(failures);
        }
        List<Succeeded> succeeded = results.stream().map(Succeeded.class::cast).toList();
        Set<String> baseImages = new LinkedHashSet<>();
        succeeded.forEach(one -> baseImages.addAll(one.baseImages()));
        return BuildResultSucceededBuilder.builder(succeeded.getFirst())
                .baseImages(List.copyOf(baseImages))
                .others(succeeded.stream().skip(1).map(SharedBuild::other).toList())
                .build();
    }

    /** Writes the caches of what was pushed. */
    Succeeded withCaches(Succeeded pushed) throws InterruptedException {
        List<Callable<Writing>> writings = new ArrayList<>();
        builds.forEach(build -> writings.add(() -> new Writing(build.writeCache(cancellation))));
        List<Writing> written = all(writings);
        List<BuildResult.OtherPlatform> others = new ArrayList<>();
        for (BuildResult.OtherPlatform other : pushed.others()) {
            CacheUse cache = written.get(others.size() + 1).cache();
            others.add(new BuildResult.OtherPlatform(
                    other.platform(), other.digest(), other.size(), other.total(), other.cached(), cache));
        }
        return BuildResultSucceededBuilder.builder(pushed)
                .cache(written.getFirst().cache())
                .traffic(traffic())
                .others(others)
                .build();
    }

    private record Writing(@Nullable CacheUse cache) {}

    /** When all stop for the same reason at the same time, one of them knows best what was going on. */
    private static Failed mostTelling(Queue<Failed> failures) {
        Failed first = failures.element();
        return failures.stream()
                .filter(failed -> failed.reason() == first.reason() && failed.step() != null)
                .findFirst()
                .orElse(first);
    }

    private static BuildResult.OtherPlatform other(Succeeded succeeded) {
        return new BuildResult.OtherPlatform(
                succeeded.platform(),
                succeeded.pushed().digest(),
                succeeded.pushed().size(),
                succeeded.steps().total(),
                succeeded.steps().cached(),
                null);
    }

    /** A layer that several platforms use was fetched once. */
    private Traffic traffic() {
        Map<String, Long> pulled = new HashMap<>();
        builds.forEach(build -> build.pulled().forEach((layer, bytes) -> pulled.merge(layer, bytes, Math::max)));
        OptionalLong sent = NetworkCounters.sentBytes(settings.networkCounters());
        Long sentBytes = sent.isPresent() && sentBefore.isPresent()
                ? Long.valueOf(Math.max(0, sent.getAsLong() - sentBefore.getAsLong()))
                : null;
        return new Traffic(pulled.values().stream().mapToLong(Long::longValue).sum(), sentBytes);
    }

    private static <T> List<T> all(List<Callable<T>> tasks) throws InterruptedException {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<T> results = new ArrayList<>();
            for (Future<T> future : threads.invokeAll(tasks)) {
                results.add(future.get());
            }
            return results;
        } catch (ExecutionException e) {
            throw new IllegalStateException("building a platform failed", e.getCause());
        }
    }
}
