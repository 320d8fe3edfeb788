package build.kiln.operator.metrics;

import build.kiln.api.v1alpha1.CacheUse;
import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.NativeWait;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Phase;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Meters of builds, fed with what changes in status. No tag takes a value per object: causes, results, reasons and platforms
 * are few.
 */
public final class BuildMetrics {
    private static final String NONE = "";
    private static final Duration[] WAITS = {
        Duration.ofSeconds(1),
        Duration.ofSeconds(10),
        Duration.ofMinutes(1),
        Duration.ofMinutes(5),
        Duration.ofMinutes(15),
        Duration.ofMinutes(30),
        Duration.ofHours(1),
        Duration.ofHours(4)
    };

    private final MeterRegistry registry;

    /** Meters in a registry. */
    public BuildMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /**
     * Adds the gauge of runs that are under way.
     *
     * @param builds all statuses, read at each scrape
     */
    public void watch(Supplier<List<ImageBuildStatus>> builds) {
        Gauge.builder(
                        "kiln.builds.running",
                        () -> builds.get().stream()
                                .filter(BuildMetrics::isUnderWay)
                                .count())
                .description("Runs that are under way")
                .register(registry);
    }

    /**
     * Records that the turn of a platform has come.
     *
     * @param platform as in the spec
     * @param waited since the start of its run
     */
    public void turn(String platform, Duration waited) {
        Timer.builder("kiln.queue.wait")
                .description("From the start of a run to the creation of a platform's first worker pod")
                .tag("platform", platform)
                .serviceLevelObjectives(WAITS)
                .register(registry)
                .record(waited.isNegative() ? Duration.ZERO : waited);
    }

    /** Counts what happened between two statuses of one object. */
    public void record(ImageBuildStatus before, ImageBuildStatus after) {
        Run run = after.run();
        if (run == null) {
            return;
        }
        boolean sameRun = before.run() != null && before.run().number() == run.number();
        for (PlatformStatus platform : platforms(after)) {
            PlatformStatus was = sameRun ? find(before, platform.platform()) : null;
            if (was == null || was.state() != platform.state()) {
                platform(run, platform);
            }
            if (was != null) {
                nativeWait(was, platform);
            }
        }
        Phase was = sameRun && before.run() != null ? before.run().phase() : null;
        // Moving tags of a run that succeeded long ago does not end it once more.
        boolean endedBefore = sameRun && before.run() != null && before.run().completionTime() != null;
        if (was != run.phase() && !endedBefore) {
            run(run, after.failure());
        }
    }

    /**
     * Counts a question to servers.
     *
     * @param kind what was asked for: {@code source} or {@code baseImages}
     * @param result {@code Unchanged}, {@code Moved} or {@code Failed}
     */
    public void polled(String kind, String result) {
        Counter.builder("kiln.polls")
                .description("Questions to git servers and registries whether something moved")
                .tag("kind", kind)
                .tag("result", result)
                .register(registry)
                .increment();
    }

    private void run(Run run, @Nullable Failure failure) {
        if (run.phase() == null || !run.phase().isFinal()) {
            return;
        }
        Counter.builder("kiln.runs")
                .description("Runs that ended")
                .tag("cause", String.valueOf(run.cause()))
                .tag("result", run.phase().name())
                .tag("reason", failure == null ? NONE : failure.reason().name())
                .register(registry)
                .increment();
        record("kiln.run.duration", "From the start of a run to its end", run.startTime(), run.completionTime(), NONE);
        if (run.phase() == Phase.Succeeded) {
            record(
                    "kiln.publish.duration",
                    "From the end of a run's last worker to the published image",
                    run.buildEndTime(),
                    run.completionTime(),
                    NONE);
        }
    }

    private void platform(Run run, PlatformStatus platform) {
        State state = platform.state();
        if (state == State.Building) {
            record(
                    "kiln.queue.duration",
                    "From the start of a run to the start of a platform's worker",
                    run.startTime(),
                    platform.startTime(),
                    platform.platform());
        }
        if (state != State.Succeeded && state != State.Failed && state != State.Retrying) {
            return;
        }
        Counter.builder("kiln.platform.builds")
                .description("Attempts at a platform that ended")
                .tag("platform", platform.platform())
                .tag("mode", platform.mode() == null ? NONE : platform.mode().name())
                .tag("modeReason", Objects.requireNonNullElse(platform.modeReason(), NONE))
                .tag("result", state.name())
                .tag("reason", Objects.requireNonNullElse(platform.reason(), NONE))
                .register(registry)
                .increment();
        if (platform.acceleration() != null) {
            accelerated(platform.platform(), platform.acceleration());
        }
        cache(platform);
        record(
                "kiln.build.duration",
                "From the start of a platform's worker to its end",
                platform.startTime(),
                platform.completionTime(),
                platform.platform());
    }

    private void accelerated(String platform, PlatformStatus.Acceleration acceleration) {
        starts(platform, "native", acceleration.nativeStarts());
        starts(platform, "emulated", acceleration.emulatedStarts());
        for (PlatformStatus.Unmatched one :
                Objects.requireNonNullElse(acceleration.unmatched(), List.<PlatformStatus.Unmatched>of())) {
            Counter.builder("kiln.accelerated.unmatched.starts")
                    .description(
                            "Starts of compilers and linkers that no twin exists for; the status has their build ids")
                    .tag("platform", platform)
                    .tag("program", CompilerName.of(one.path()))
                    .register(registry)
                    .increment((double) one.starts());
        }
    }

    /** A wait for a native node that ended between the two. */
    private void nativeWait(PlatformStatus was, PlatformStatus platform) {
        NativeWait before = was.nativeWait();
        NativeWait after = platform.nativeWait();
        if (before == null || before.startTime() == null || after == null || after.startTime() != null) {
            return;
        }
        boolean ended = platform.state() == State.Failed || platform.state() == State.Cancelled;
        Timer.builder("kiln.native.wait")
                .description("Waits of platforms for a node of their architecture")
                .tag("platform", platform.platform())
                .tag("result", String.valueOf(ended ? platform.state() : platform.mode()))
                .serviceLevelObjectives(WAITS)
                .register(registry)
                .record(Duration.ofSeconds(after.seconds() - before.seconds()));
    }

    private void cache(PlatformStatus platform) {
        String name = platform.platform();
        int total = Objects.requireNonNullElse(platform.totalSteps(), 0);
        int cached = Objects.requireNonNullElse(platform.cachedSteps(), 0);
        count("kiln.steps", "Steps of Dockerfiles, by where they came from", name, "from", "cache", cached);
        count("kiln.steps", "Steps of Dockerfiles, by where they came from", name, "from", "build", total - cached);
        if (platform.pulledBytes() != null) {
            bytes("kiln.pulled.bytes", "Layers pulled by workers", name, platform.pulledBytes());
        }
        if (platform.sentBytes() != null) {
            bytes("kiln.sent.bytes", "What worker pods sent over the network", name, platform.sentBytes());
        }
        CacheUse use = platform.cache();
        if (use == null) {
            return;
        }
        if (use.importResult() != null) {
            time(
                    "kiln.cache.import.duration",
                    "Fetching manifests and layers of caches",
                    name,
                    use.importResult().name(),
                    use.importMilliseconds());
        }
        if (use.exportResult() != null) {
            time(
                    "kiln.cache.export.duration",
                    "Writing caches",
                    name,
                    use.exportResult().name(),
                    use.exportMilliseconds());
        }
        if (use.cold() != null) {
            count(
                    "kiln.cache.cold",
                    "Platforms that should have been built from the cache and were not",
                    name,
                    "reason",
                    use.cold().name(),
                    1);
        }
    }

    private void count(String name, String description, String platform, String tag, String value, double amount) {
        Counter.builder(name)
                .description(description)
                .tag("platform", platform)
                .tag(tag, value)
                .register(registry)
                .increment(amount);
    }

    private void bytes(String name, String description, String platform, long amount) {
        Counter.builder(name)
                .description(description)
                .tag("platform", platform)
                .register(registry)
                .increment((double) amount); // bounded far below what a double holds exactly
    }

    private void time(String name, String description, String platform, String result, @Nullable Long milliseconds) {
        Timer.builder(name)
                .description(description)
                .tag("platform", platform)
                .tag("result", result)
                .register(registry)
                .record(Duration.ofMillis(milliseconds == null ? 0 : milliseconds));
    }

    private void starts(String platform, String how, long starts) {
        Counter.builder("kiln.accelerated.starts")
                .description("Starts of programs of accelerated platforms: as native twins, and under QEMU")
                .tag("platform", platform)
                .tag("how", how)
                .register(registry)
                .increment((double) starts); // bounded far below what a double holds exactly
    }

    private void record(
            String name, String description, @Nullable String start, @Nullable String end, String platform) {
        if (start == null || end == null) {
            return;
        }
        Duration duration = Duration.between(Instant.parse(start), Instant.parse(end));
        Timer.Builder timer = Timer.builder(name).description(description);
        (platform.isEmpty() ? timer : timer.tag("platform", platform))
                .register(registry)
                .record(duration.isNegative() ? Duration.ZERO : duration);
    }

    private static boolean isUnderWay(ImageBuildStatus status) {
        Run run = status.run();
        return run != null && run.phase() != null && !run.phase().isFinal();
    }

    private static List<PlatformStatus> platforms(ImageBuildStatus status) {
        return Objects.requireNonNullElse(status.platforms(), List.of());
    }

    private static @Nullable PlatformStatus find(ImageBuildStatus status, String platform) {
        return platforms(status).stream()
                .filter(other -> other.platform().equals(platform))
                .findFirst()
                .orElse(null);
    }
}
