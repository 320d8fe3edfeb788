package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.Refusal;
import build.kiln.operator.placement.NodeView;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** What the watches of the API server have brought so far. It may be behind, and it may miss what is not watched yet. */
public interface ClusterCache extends QueueCache {
    /** The worker pods that name the build as their owner. */
    Collection<Pod> pods(ImageBuild build);

    /** The worker pods of a namespace. */
    Collection<Pod> workerPods(String namespace);

    /** What the builds of a namespace have recorded of pods that nodes could not run. */
    List<Refusal> refusals(String namespace);

    /** The level of Pod Security that a namespace enforces; empty for none. */
    Optional<String> podSecurity(String namespace);

    /** The PersistentVolumeClaims of cache volumes that name the build. */
    Collection<PersistentVolumeClaim> claims(ImageBuild build);

    /** All nodes. */
    List<NodeView> nodes();

    /** A pod that was just created: the next look must not miss it. */
    void created(Pod pod);

    /** A PersistentVolumeClaim that was just created or changed: the next look must not miss it. */
    void wrote(PersistentVolumeClaim claim);

    /**
     * A build that was just written: until the watch brings it, the next look must not see the version before.
     *
     * @param written as the API server answered
     * @param before the version that was replaced
     */
    void updated(ImageBuild written, ImageBuild before);
}
