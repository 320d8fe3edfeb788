package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.worker.SchedulingGates;
import build.kiln.operator.worker.WorkerLabels;
import io.fabric8.kubernetes.api.model.Pod;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Worker pods. Each wakes the build that owns it; one that ends or goes also makes room for a build that does not own it, which
 * is said to a listener.
 */
final class WorkerPodSource extends InformerEventSource<Pod, ImageBuild> {
    private final Set<ResourceID> created = ConcurrentHashMap.newKeySet();
    private final Runnable freed;

    /**
     * @param context of the controller
     * @param freed is told when a pod takes no slot any more
     */
    WorkerPodSource(EventSourceContext<ImageBuild> context, Runnable freed) {
        super(
                InformerEventSourceConfiguration.from(Pod.class, ImageBuild.class)
                        .withName("worker-pods")
                        .withLabelSelector(WorkerLabels.SELECTOR)
                        .withNamespacesInheritedFromController()
                        .withOnUpdateFilter(WorkerPodSource::saysSomethingNew)
                        .build(),
                context);
        this.freed = freed;
    }

    void created(Pod pod) {
        created.add(ResourceID.fromResource(pod));
        handleRecentResourceCreate(ResourceID.fromResource(pod), pod);
    }

    /** All pods: the watch may not have brought those that were created a moment ago. */
    Collection<Pod> all() {
        Map<ResourceID, Pod> pods = new LinkedHashMap<>();
        Set<ResourceID> recent = Set.copyOf(created);
        list(_ -> true).forEach(pod -> pods.put(ResourceID.fromResource(pod), pod));
        for (ResourceID id : recent) {
            if (pods.containsKey(id)) {
                created.remove(id);
            } else {
                get(id).ifPresentOrElse(pod -> pods.put(id, pod), () -> created.remove(id));
            }
        }
        return pods.values();
    }

    @Override
    public void onUpdate(Pod before, Pod after) {
        super.onUpdate(before, after);
        if (takesSlot(before) && !takesSlot(after)) {
            freed.run();
        }
    }

    @Override
    public void onDelete(Pod pod, boolean finalStateUnknown) {
        super.onDelete(pod, finalStateUnknown);
        created.remove(ResourceID.fromResource(pod));
        freed.run();
    }

    private static boolean takesSlot(Pod pod) {
        return !PodObserver.hasEnded(pod) && !SchedulingGates.isHeld(pod);
    }

    private static boolean saysSomethingNew(Pod newPod, Pod oldPod) {
        return !Objects.equals(newPod.getStatus(), oldPod.getStatus())
                || SchedulingGates.isHeld(newPod) != SchedulingGates.isHeld(oldPod)
                || !Objects.equals(
                        newPod.getMetadata().getDeletionTimestamp(),
                        oldPod.getMetadata().getDeletionTimestamp());
    }
}
