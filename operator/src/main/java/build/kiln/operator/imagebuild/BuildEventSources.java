package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Refusal;
import build.kiln.operator.placement.NodeView;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Caches of what a decision looks at besides the build itself. Its pods and volumes wake it up, nodes do not. A pod that ends wakes up the
 * builds whose turn it makes, and no others, however many wait.
 */
final class BuildEventSources implements QueueCache {
    private final IndexerResourceCache<ImageBuild> builds;
    private final WorkerPodSource pods;
    private final CacheClaimSource claims;
    private final InformerEventSource<Node, ImageBuild> nodes;
    private final NamespaceSettings namespaces;
    private final PriorityClasses priorities;
    private final SimpleInboundEventSource<ImageBuild> turns = new SimpleInboundEventSource<>("turns");
    private final Function<QueueCache, Set<WaitingBuild>> startable;

    /**
     * @param context of the controller
     * @param watchNamespaces that are served; empty for all
     * @param startable finds the builds of which a platform waits whose turn has come
     */
    BuildEventSources(
            EventSourceContext<ImageBuild> context,
            List<String> watchNamespaces,
            Function<QueueCache, Set<WaitingBuild>> startable) {
        this.startable = startable;
        this.builds = context.getPrimaryCache();
        this.pods = new WorkerPodSource(context, this::wake);
        this.claims = new CacheClaimSource(context);
        this.nodes = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(Node.class, ImageBuild.class)
                        .withName("nodes")
                        .withWatchAllNamespaces()
                        .withSecondaryToPrimaryMapper(node -> Set.of())
                        .withItemStore(new NodeStore())
                        .build(),
                context);
        this.namespaces = new NamespaceSettings(context, watchNamespaces, this::wake);
        this.priorities = new PriorityClasses(context);
    }

    List<EventSource<?, ImageBuild>> all() {
        List<EventSource<?, ImageBuild>> all =
                new ArrayList<>(List.of(pods, claims, nodes, priorities.source(), turns));
        all.addAll(namespaces.sources());
        return all;
    }

    Set<Pod> pods(ImageBuild build) {
        return pods.getSecondaryResources(build);
    }

    Collection<Pod> workerPods(String namespace) {
        return pods.list(namespace, _ -> true).toList();
    }

    List<Refusal> refusals(String namespace) {
        return builds.list(
                        namespace,
                        build -> !Preflight.refusals(build.getStatus()).isEmpty())
                .flatMap(build -> Preflight.refusals(build.getStatus()).stream())
                .toList();
    }

    Optional<String> podSecurity(String namespace) {
        return namespaces.podSecurity(namespace);
    }

    void created(Pod pod) {
        pods.created(pod);
    }

    Collection<PersistentVolumeClaim> claims(ImageBuild build) {
        return claims.of(build);
    }

    void wrote(PersistentVolumeClaim claim) {
        claims.wrote(claim);
    }

    List<NodeView> nodes() {
        return nodes.list(node -> true).map(NodeView::of).toList();
    }

    List<ImageBuildStatus> statuses() {
        return builds.list(build -> build.getStatus() != null)
                .map(ImageBuild::getStatus)
                .toList();
    }

    @Override
    public Collection<ImageBuild> builds() {
        return builds.keys().map(builds::get).flatMap(Optional::stream).toList();
    }

    @Override
    public Collection<Pod> workerPods() {
        return pods.all();
    }

    @Override
    public Map<String, Integer> namespaceLimits() {
        return namespaces.limits();
    }

    @Override
    public int priority(@Nullable String priorityClassName) {
        return priorities.priority(priorityClassName);
    }

    private void wake() {
        if (turns.isRunning()) {
            startable
                    .apply(this)
                    .forEach(build -> turns.propagateEvent(new ResourceID(build.name(), build.namespace())));
        }
    }
}
