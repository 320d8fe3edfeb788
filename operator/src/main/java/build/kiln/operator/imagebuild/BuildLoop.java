package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.metrics.QueueCounts;
import build.kiln.operator.status.BuildIdentity;
import build.kiln.operator.status.Transition;
import build.kiln.operator.status.Transitions;
import build.kiln.operator.worker.WorkerPodFactory;
import build.kiln.operator.worker.WorkerPodReader;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.BiConsumer;
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
    private final RecentWarnings warnings;
    private final PollMemory memory = new PollMemory();
    private final PollPass polls;
    private final BiConsumer<ImageBuild, List<Transition>> events;
    private final PlatformTurns turns;
    private final Clock clock;

    /**
     * @param configuration of the operator
     * @param ports everything that is touched
     */
    public BuildLoop(OperatorConfiguration configuration, BuildPorts ports) {
        Duration startTimeout = configuration.worker().startTimeout();
        this.planner = new RunPlanner(configuration);
        this.tools = new BuildTools(
                ports.api(),
                ports.services(),
                new WorkerPodFactory(configuration),
                new WorkerPods(ports.api()),
                new ResultConfigMaps(ports.api()),
                new ActOutcomes(configuration),
                new Semaphore(MAX_OUTBOUND),
                ports.threads());
        this.writer = new StatusWriter(ports.api(), ports.events(), ports.metrics());
        this.reader = new WorkerPodReader(startTimeout);
        this.warnings = new RecentWarnings(ports.api());
        this.events = ports.events();
        this.polls = new PollPass(tools, memory, ports);
        this.turns = new PlatformTurns(configuration.admission(), ports.metrics(), this::now);
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
        PodObserver observer = new PodObserver(reader, warnings, tools.pods(), cache::created);
        CacheClaims claims = new CacheClaims(tools.api(), cache::wrote);
        BuildPass pass = new BuildPass(tools, observer, claims, turns.during(cache));
        Optional<ImageBuild> current = Optional.of(primary);
        for (int decisions = 0; decisions < MAX_DECISIONS; decisions++) {
            // The owner references of the pods do the rest: what is being deleted gets no more pods.
            if (current.isEmpty() || current.get().isMarkedForDeletion()) {
                return Optional.empty();
            }
            ImageBuild build = current.get();
            ObservedBuild observed = observe(build, cache, observer, claims, pass);
            Decision decision = planner.decide(observed);
            if (decision instanceof Decision.Wait wait) {
                repairResult(build, observed);
                return until(wait.until());
            }
            current = carriedOut(decision, build, observed, pass, cache);
        }
        return Optional.of(SOON);
    }

    private Optional<ImageBuild> carriedOut(
            Decision decision, ImageBuild build, ObservedBuild observed, BuildPass pass, ClusterCache cache)
            throws InterruptedException {
        return switch (decision) {
            case Decision.WriteStatus next -> writer.write(build, next.status(), cache);
            case Decision.DeleteBuild _ -> deleted(build);
            case Decision.DeleteClaims delete -> {
                pass.deleteClaims(build, delete.names());
                yield Optional.of(build);
            }
            case Decision.OwnClaims own -> {
                pass.ownClaims(build, own);
                yield Optional.of(build);
            }
            case Decision.Wait _ -> Optional.of(build);
            case Decision.ResolveSource _,
                    Decision.Publish _,
                    Decision.Tag _,
                    Decision.Protect _,
                    Decision.Release _,
                    Decision.CreatePods _,
                    Decision.DeletePods _,
                    Decision.PollSource _,
                    Decision.PollBaseImages _ -> {
                // What is done on behalf of a run is done with the spec that it builds.
                Optional<ImageBuildStatus> outcome = act(decision, RunSpec.of(build), observed.ofRun(), pass);
                yield outcome.isPresent() ? record(build, observed, outcome.get(), cache) : Optional.of(build);
            }
        };
    }

    /** The ConfigMap with the result may have been changed or deleted since the run ended; the next look comes anyway. */
    private void repairResult(ImageBuild build, ObservedBuild observed) {
        if (!Republishing.isPublished(observed)) {
            return;
        }
        PublishedResult.of(observed.status())
                .flatMap(result -> tools.results().write(build, result))
                .ifPresent(problem -> events.accept(
                        build,
                        List.of(Transitions.resultUnwritten(problem.reason().name(), problem.message()))));
    }

    /**
     * Deletes the object.
     *
     * @return empty when it is gone; the object as it is now when somebody has changed it meanwhile
     */
    private Optional<ImageBuild> deleted(ImageBuild build) {
        try {
            tools.api().deleteBuild(build);
            return Optional.empty();
        } catch (KubernetesClientException e) {
            return switch (e.getCode()) {
                case HttpURLConnection.HTTP_CONFLICT -> tools.api().build(BuildIdentity.of(build));
                case HttpURLConnection.HTTP_NOT_FOUND -> Optional.empty();
                default -> throw e;
            };
        }
    }

    /** Acts, and says what to record of it; empty when the next look shows all there is to know. */
    private Optional<ImageBuildStatus> act(Decision decision, ImageBuild run, ObservedBuild observed, BuildPass pass)
            throws InterruptedException {
        return switch (decision) {
            case Decision.ResolveSource _ -> Optional.of(pass.resolve(run, observed));
            case Decision.Publish publish -> Optional.of(pass.publish(run, observed, publish.results()));
            case Decision.Tag tag -> Optional.of(pass.tag(run, observed, tag.image()));
            case Decision.Protect protect -> Optional.of(pass.protect(run, observed, protect.results()));
            case Decision.Release release -> Optional.of(pass.release(run, observed, release.results()));
            case Decision.CreatePods create -> pass.create(run, observed, create.assignments());
            case Decision.DeletePods delete -> {
                pass.delete(run, delete.names());
                yield Optional.empty();
            }
            case Decision.PollSource _ -> polls.source(run, observed);
            case Decision.PollBaseImages _ -> polls.baseImages(run, observed);
            case Decision.WriteStatus _,
                    Decision.DeleteBuild _,
                    Decision.DeleteClaims _,
                    Decision.OwnClaims _,
                    Decision.Wait _ -> Optional.empty();
        };
    }

    private Optional<ImageBuild> record(
            ImageBuild build, ObservedBuild observed, ImageBuildStatus outcome, ClusterCache cache) {
        return writer.write(build, RunPlanner.record(observed.at(now()), outcome), cache);
    }

    private ObservedBuild observe(
            ImageBuild build, ClusterCache cache, PodObserver observer, CacheClaims claims, BuildPass pass) {
        Instant now = now();
        List<WorkerPod> own = observer.observe(build, cache.pods(build), now);
        String namespace = build.getMetadata().getNamespace();
        List<Pod> neighbours = new ArrayList<>(cache.workerPods(namespace));
        neighbours.addAll(observer.uncached());
        return ObservedBuild.of(
                build,
                own,
                claims.observe(build, cache.claims(build)),
                cache.nodes(),
                Preflight.of(build, neighbours, cache.refusals(namespace), cache.podSecurity(namespace), now),
                memory.times(build, now),
                pass.waits(),
                now);
    }

    /** How many platforms wait and build. */
    public QueueCounts counts(QueueCache cache) {
        return turns.counts(cache);
    }

    /** The builds of which a platform waits whose turn has come. */
    public Set<WaitingBuild> startable(QueueCache cache) {
        return turns.startable(cache);
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
