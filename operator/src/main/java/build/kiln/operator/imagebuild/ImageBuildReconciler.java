package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.metrics.BuildMetrics;
import build.kiln.operator.placement.NodeView;
import build.kiln.operator.status.EventRecorder;
import build.kiln.operator.worker.WorkerPodFactory;
import build.kiln.operator.worker.WorkerPodReader;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ErrorStatusUpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.RetryInfo;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Observes a build, decides, acts, and records, until there is nothing to do but wait. Everything happens within one
 * reconciliation, so that a build's pods exist a moment after the object.
 */
public final class ImageBuildReconciler implements Reconciler<ImageBuild> {
    private static final Logger LOG = LoggerFactory.getLogger(ImageBuildReconciler.class);

    /** A safety net: no chain of decisions is that long. */
    private static final int MAX_DECISIONS = 40;

    private static final int MAX_OUTBOUND = 32;
    private static final Duration SOON = Duration.ofMillis(100);

    private final RunPlanner planner;
    private final BuildTools tools;
    private final StatusWriter writer;
    private final WorkerPodReader reader;
    private final Clock clock;
    private @Nullable BuildEventSources sources;

    /**
     * @param configuration of the operator
     * @param client for the API server
     * @param services outside the cluster's pods
     * @param events explains to users
     * @param metrics counts
     * @param clock tells the time
     */
    public ImageBuildReconciler(
            OperatorConfiguration configuration,
            KubernetesClient client,
            BuildServices services,
            EventRecorder events,
            BuildMetrics metrics,
            Clock clock) {
        Duration startTimeout = configuration.worker().startTimeout();
        this.planner = new RunPlanner(configuration);
        this.tools = new BuildTools(
                services,
                new WorkerPodFactory(configuration),
                new WorkerPods(client),
                new ActOutcomes(startTimeout),
                new Semaphore(MAX_OUTBOUND));
        this.writer = new StatusWriter(client, events, metrics);
        this.reader = new WorkerPodReader(startTimeout);
        this.clock = clock;
    }

    @Override
    public List<EventSource<?, ImageBuild>> prepareEventSources(EventSourceContext<ImageBuild> context) {
        BuildEventSources created = new BuildEventSources(context);
        sources = created;
        return created.all();
    }

    /** Whether an update of a build is more than the operator's own record of what it did. */
    public static boolean asksForSomething(ImageBuild newBuild, ImageBuild oldBuild) {
        return !Objects.equals(
                        newBuild.getMetadata().getGeneration(),
                        oldBuild.getMetadata().getGeneration())
                || !Objects.equals(
                        newBuild.getMetadata().getAnnotations(),
                        oldBuild.getMetadata().getAnnotations())
                || newBuild.isMarkedForDeletion() != oldBuild.isMarkedForDeletion();
    }

    /** The statuses of all builds, as cached. */
    public List<ImageBuildStatus> statuses() {
        BuildEventSources from = sources;
        return from == null ? List.of() : from.statuses();
    }

    @Override
    public UpdateControl<ImageBuild> reconcile(ImageBuild primary, Context<ImageBuild> context)
            throws InterruptedException {
        BuildEventSources from = Objects.requireNonNull(sources, "event sources are prepared before reconciliation");
        PodObserver observer = new PodObserver(reader, tools.pods(), from::created);
        BuildPass pass = new BuildPass(tools, observer);
        Optional<ImageBuild> current = Optional.of(primary);
        for (int decisions = 0; decisions < MAX_DECISIONS; decisions++) {
            // The owner references of the pods do the rest: what is being deleted gets no more pods.
            if (current.isEmpty() || current.get().isMarkedForDeletion()) {
                return UpdateControl.noUpdate();
            }
            ImageBuild build = current.get();
            ObservedBuild observed = observe(build, from, observer);
            switch (planner.decide(observed)) {
                case Decision.WriteStatus next -> current = writer.write(build, next.status(), context);
                case Decision.ResolveSource _ ->
                    current = record(build, observed, pass.resolve(build, observed), context);
                case Decision.Publish publish ->
                    current = record(build, observed, pass.publish(build, observed, publish.results()), context);
                case Decision.CreatePods create -> {
                    Optional<ImageBuildStatus> outcome = pass.create(build, observed, create.assignments());
                    if (outcome.isPresent()) {
                        current = record(build, observed, outcome.get(), context);
                    }
                }
                case Decision.DeletePods delete -> pass.delete(build, delete.names());
                case Decision.Wait wait -> {
                    return until(wait.until());
                }
            }
        }
        return UpdateControl.<ImageBuild>noUpdate().rescheduleAfter(SOON);
    }

    /** Unexpected failures, which are tried again without end; the framework would log each with pages of frames. */
    @Override
    public ErrorStatusUpdateControl<ImageBuild> updateErrorStatus(
            ImageBuild build, Context<ImageBuild> context, Exception failure) {
        LOG.atWarn()
                .addKeyValue("namespace", build.getMetadata().getNamespace())
                .addKeyValue("name", build.getMetadata().getName())
                .addKeyValue(
                        "attempt",
                        context.getRetryInfo().map(RetryInfo::getAttemptCount).orElse(0))
                .addKeyValue("cause", failure.toString())
                .log("reconciliation failed and is tried again");
        LOG.atDebug().setCause(failure).log("the frames of that failure");
        return ErrorStatusUpdateControl.noStatusUpdate();
    }

    private Optional<ImageBuild> record(
            ImageBuild build, ObservedBuild observed, ImageBuildStatus outcome, Context<ImageBuild> context) {
        return writer.write(build, RunPlanner.record(observed.at(now()), outcome), context);
    }

    private ObservedBuild observe(ImageBuild build, BuildEventSources from, PodObserver observer) {
        Instant now = now();
        List<NodeView> nodes = from.nodes();
        return ObservedBuild.of(build, observer.observe(build, from.pods(build), now), nodes, now);
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    private UpdateControl<ImageBuild> until(@Nullable Instant time) {
        UpdateControl<ImageBuild> control = UpdateControl.noUpdate();
        if (time == null) {
            return control;
        }
        Duration delay = Duration.between(now(), time);
        return control.rescheduleAfter(delay.compareTo(SOON) < 0 ? SOON : delay);
    }
}
