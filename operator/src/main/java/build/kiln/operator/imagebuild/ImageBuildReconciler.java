package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.metrics.BuildMetrics;
import build.kiln.operator.metrics.NodeMetrics;
import build.kiln.operator.metrics.QueueCounts;
import build.kiln.operator.status.EventRecorder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ErrorStatusUpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.RetryInfo;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the framework call {@link BuildLoop}. Everything happens within one reconciliation, so that a build's pods exist a
 * moment after the object.
 */
public final class ImageBuildReconciler implements Reconciler<ImageBuild> {
    private static final Logger LOG = LoggerFactory.getLogger(ImageBuildReconciler.class);

    private final BuildLoop loop;
    private final List<String> watchNamespaces;
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
        this.watchNamespaces = configuration.watchNamespaces();
        this.clock = clock;
        this.loop = new BuildLoop(
                configuration,
                new BuildPorts(
                        new KubernetesApi(client),
                        services,
                        events::record,
                        metrics,
                        Executors::newVirtualThreadPerTaskExecutor,
                        clock));
    }

    @Override
    public List<EventSource<?, ImageBuild>> prepareEventSources(EventSourceContext<ImageBuild> context) {
        BuildEventSources created = new BuildEventSources(context, watchNamespaces, loop::startable);
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

    /** How many platforms wait and build, as cached. */
    public QueueCounts queue() {
        BuildEventSources from = sources;
        return from == null ? new QueueCounts(Map.of(), Map.of()) : loop.counts(from);
    }

    /** Nodes that cannot run workers, by profile and reason, as cached. */
    public Map<NodeMetrics.Unsupported, Long> unsupportedNodes() {
        BuildEventSources from = sources;
        return from == null
                ? Map.of()
                : UnsupportedNodes.count(from.nodes(), from.workerPods(), from.statuses(), clock.instant());
    }

    @Override
    public UpdateControl<ImageBuild> reconcile(ImageBuild primary, Context<ImageBuild> context)
            throws InterruptedException {
        BuildEventSources from = Objects.requireNonNull(sources, "event sources are prepared before reconciliation");
        UpdateControl<ImageBuild> control = UpdateControl.noUpdate();
        loop.run(primary, new WatchedCluster(from, context)).ifPresent(control::rescheduleAfter);
        return control;
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
}
