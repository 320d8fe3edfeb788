package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.status.BuildIdentity;
import build.kiln.operator.worker.PodWarning;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the life of a build asks the API server itself, past all caches. Whatever the server refuses, and whatever keeps it
 * from answering, is a {@link io.fabric8.kubernetes.client.KubernetesClientException} with the status code of the answer, 0
 * without one. A call without an answer may have had its effect.
 */
public interface ClusterApi {
    /**
     * Writes the status of a build, bound to the resource version that the object carries.
     *
     * @return the object as it is stored now
     */
    ImageBuild updateStatus(ImageBuild build);

    /** The build as it is stored now; empty when there is none of that name. */
    Optional<ImageBuild> build(BuildIdentity build);

    /** Deletes a build, bound to its identity and the resource version that the object carries. */
    void deleteBuild(ImageBuild build);

    /** Creates a pod. */
    Pod createPod(Pod pod);

    /** A pod of the namespace of the build as it is stored now; empty when there is none of that name. */
    Optional<Pod> pod(BuildIdentity build, String name);

    /**
     * The warnings about pods of a namespace that say why they do not start. The API server reads all events of the namespace
     * for that: ask seldom.
     *
     * @return by the pods' uids
     */
    Map<String, List<PodWarning>> podWarnings(String namespace);

    /** Deletes a pod of the namespace of the build; one that is gone already is as good. */
    void deletePod(BuildIdentity build, String name);

    /** Creates a PersistentVolumeClaim. */
    PersistentVolumeClaim createClaim(PersistentVolumeClaim claim);

    /** A PersistentVolumeClaim of the namespace of the build as it is stored now; empty when there is none of that name. */
    Optional<PersistentVolumeClaim> claim(BuildIdentity build, String name);

    /** Replaces a PersistentVolumeClaim, bound to the resource version that it carries. */
    PersistentVolumeClaim updateClaim(PersistentVolumeClaim claim);

    /** Deletes a PersistentVolumeClaim, bound to the resource version that it carries. */
    void deleteClaim(PersistentVolumeClaim claim);

    /** A ConfigMap of the namespace of the build as it is stored now; empty when there is none of that name. */
    Optional<ConfigMap> configMap(BuildIdentity build, String name);

    /** Creates a ConfigMap. */
    void createConfigMap(ConfigMap configMap);

    /** Replaces a ConfigMap, bound to the resource version that it carries. */
    void updateConfigMap(ConfigMap configMap);
}
