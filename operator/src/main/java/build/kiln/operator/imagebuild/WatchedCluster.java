package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.Refusal;
import build.kiln.operator.placement.NodeView;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The framework's caches, as one reconciliation sees them. */
record WatchedCluster(BuildEventSources sources, Context<ImageBuild> context) implements ClusterCache {
    @Override
    public Collection<Pod> pods(ImageBuild build) {
        return sources.pods(build);
    }

    @Override
    public Collection<Pod> workerPods(String namespace) {
        return sources.workerPods(namespace);
    }

    @Override
    public List<Refusal> refusals(String namespace) {
        return sources.refusals(namespace);
    }

    @Override
    public Optional<String> podSecurity(String namespace) {
        return sources.podSecurity(namespace);
    }

    @Override
    public Collection<PersistentVolumeClaim> claims(ImageBuild build) {
        return sources.claims(build);
    }

    @Override
    public void wrote(PersistentVolumeClaim claim) {
        sources.wrote(claim);
    }

    @Override
    public List<NodeView> nodes() {
        return sources.nodes();
    }

    @Override
    public Collection<ImageBuild> builds() {
        return sources.builds();
    }

    @Override
    public Collection<Pod> workerPods() {
        return sources.workerPods();
    }

    @Override
    public Map<String, Integer> namespaceLimits() {
        return sources.namespaceLimits();
    }

    @Override
    public int priority(@Nullable String priorityClassName) {
        return sources.priority(priorityClassName);
    }

    @Override
    public void created(Pod pod) {
        sources.created(pod);
    }

    @Override
    public void updated(ImageBuild written, ImageBuild before) {
        context.eventSourceRetriever()
                .getControllerEventSource()
                .handleRecentResourceUpdate(ResourceID.fromResource(written), written, before);
    }
}
