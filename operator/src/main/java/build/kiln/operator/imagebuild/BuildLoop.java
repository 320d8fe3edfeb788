package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.worker.WorkerPodFactory;
import build.kiln.operator.worker.WorkerPodReader;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Observes a build, decides, acts, and records, until there is nothing to do but wait. Knows neither clients nor the framework
 * that calls it. It may be interrupted at any instruction and called again, by another process too: all it relies on is what
 * it finds. Calls for different builds may run side by side.
 */
public final class BuildLoop {
    /** A safety net: no chain of decisions is that long. */
    private static final int MAX_DECISIONS = 40;

    private static final int MAX_OUTBOUND = 32;
    private static final Duration SOON = Duration.ofMillis(100);

    private final RunPlanner planner;
    private final BuildTools tools;
    private final StatusWriter writer;
    private final WorkerPodReader reader;
    private final Clock clock;

    /**
     * @param configuration of the operator
     * @param ports everything that is touched
     */
    public BuildLoop(OperatorConfiguration configuration, BuildPorts ports) {
        Duration startTimeout = configuration.worker().startTimeout();
        this.planner = new RunPlanner(configuration);
        this.tools = new BuildTools(
                ports.services(),
                new WorkerPodFactory(configuration),
                new WorkerPods(ports.api()),
                new ActOutcomes(startTimeout),
                new Semaphore(MAX_OUTBOUND),
                ports.threads());
        this.writer = new StatusWriter(ports.api(), ports.events(), ports.metrics());
        this.reader = new WorkerPodReader(startTimeout);
        this.clock = ports.clock();
    }

    /**
     * Takes a build as far as it goes now.
     *
     * @param primary the build as cached
     * @param cache of everything around it
     * @return after which time to call again at the latest; empty when only an event can change anything
     */
    public Optional<Duration> run(ImageBuild primary, ClusterCache cache) throws InterruptedException {
        PodObserver observer = new PodObserver(reader, tools.pods(), cache::created);
        BuildPass pass = new BuildPass(tools, observer);
        Optional<ImageBuild> current = Optional.of(primary);
        for (int decisions = 0; decisions < MAX_DECISIONS; decisions++) {
            // The owner references of the pods do the rest: what is being deleted gets no more pods.
            if (current.isEmpty() || current.get().isMarkedForDeletion()) {
                return Optional.empty();
            }
            ImageBuild build = current.get();
            ObservedBuild observed = observe(build, cache, observer);
            switch (planner.decide(observed)) {
                case Decision.WriteStatus next -> current = writer.write(build, next.status(), cache);
                case Decision.ResolveSource _ ->
                    current = record(build, observed, pass.resolve(build, observed), cache);
                case Decision.Publish publish ->
                    current = record(build, observed, pass.publish(build, observed, publish.results()), cache);
                case Decision.CreatePods create -> {
                    Optional<ImageBuildStatus> outcome = pass.create(build, observed, create.assignments());
                    if (outcome.isPresent()) {
                        current = record(build, observed, outcome.get(), cache);
                    }
                }
                case Decision.DeletePods delete -> pass.delete(build, delete.names());
                case Decision.Wait wait -> {
                    return until(wait.until());
                }
            }
        }
        return Optional.of(SOON);
    }

    private Optional<ImageBuild> record(
            ImageBuild build, ObservedBuild observed, ImageBuildStatus outcome, ClusterCache cache) {
        return writer.write(build, RunPlanner.record(observed.at(now()), outcome), cache);
    }

    private ObservedBuild observe(ImageBuild build, ClusterCache cache, PodObserver observer) {
        Instant now = now();
        return ObservedBuild.of(build, observer.observe(build, cache.pods(build), now), cache.nodes(), now);
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    private Optional<Duration> until(@Nullable Instant time) {
        return Optional.ofNullable(time)
                .map(due -> Duration.between(now(), due))
                .map(delay -> delay.compareTo(SOON) < 0 ? SOON : delay);
    }
}
