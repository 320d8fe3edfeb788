package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.operator.placement.NodeView;
import build.kiln.operator.worker.WorkerLabels;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** Caches of what a decision looks at besides the build itself: its pods, which wake it up, and the nodes, which do not. */
final class BuildEventSources {
    private final IndexerResourceCache<ImageBuild> builds;
    private final InformerEventSource<Pod, ImageBuild> pods;
    private final InformerEventSource<Node, ImageBuild> nodes;

    BuildEventSources(EventSourceContext<ImageBuild> context) {
        this.builds = context.getPrimaryCache();
        this.pods = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(Pod.class, ImageBuild.class)
                        .withName("worker-pods")
                        .withLabelSelector(WorkerLabels.SELECTOR)
                        .withNamespacesInheritedFromController()
                        .withOnUpdateFilter(BuildEventSources::saysSomethingNew)
                        .build(),
                context);
        this.nodes = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(Node.class, ImageBuild.class)
                        .withName("nodes")
                        .withWatchAllNamespaces()
                        .withSecondaryToPrimaryMapper(node -> Set.of())
                        .withItemStore(new NodeStore())
                        .build(),
                context);
    }

    List<EventSource<?, ImageBuild>> all() {
        return List.of(pods, nodes);
    }

    Set<Pod> pods(ImageBuild build) {
        return pods.getSecondaryResources(build);
    }

    void created(Pod pod) {
        pods.handleRecentResourceCreate(ResourceID.fromResource(pod), pod);
    }

    List<NodeView> nodes() {
        return nodes.list(node -> true).map(NodeView::of).toList();
    }

    List<ImageBuildStatus> statuses() {
        return builds.list(build -> build.getStatus() != null)
                .map(ImageBuild::getStatus)
                .toList();
    }

    private static boolean saysSomethingNew(Pod newPod, Pod oldPod) {
        return !Objects.equals(newPod.getStatus(), oldPod.getStatus())
                || !Objects.equals(
                        newPod.getMetadata().getDeletionTimestamp(),
                        oldPod.getMetadata().getDeletionTimestamp());
    }
}
