package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfCreation;
import build.kiln.operator.status.BuildIdentity;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.Objects;
import java.util.Optional;

/** Worker pods in the API server. */
final class WorkerPods {
    private final ClusterApi api;

    WorkerPods(ClusterApi api) {
        this.api = api;
    }

    /** Creates the pod, or finds that it was created before: the name says all that distinguishes it. */
    PodCreation create(ImageBuild build, Pod pod) {
        try {
            return new PodCreation.Created(api.createPod(pod));
        } catch (KubernetesClientException e) {
            return e.getCode() == HttpURLConnection.HTTP_CONFLICT
                    ? existing(build, pod)
                    : new PodCreation.Refused(CreationRefusal.of(
                            e,
                            "worker pod",
                            "Wait for other pods to end, raise the quota, or lower spec.worker.resources."));
        }
    }

    Optional<Pod> get(BuildIdentity build, String name) {
        return api.pod(build, name);
    }

    /** Deletes the pod; one that is gone already is as good. */
    void delete(BuildIdentity build, String name) {
        api.deletePod(build, name);
    }

    static boolean isOwned(ImageBuild build, HasMetadata object) {
        return object.getMetadata().getOwnerReferences() != null
                && object.getMetadata().getOwnerReferences().stream()
                        .anyMatch(owner -> Boolean.TRUE.equals(owner.getController())
                                && Objects.equals(
                                        owner.getUid(), build.getMetadata().getUid()));
    }

    private PodCreation existing(ImageBuild build, Pod pod) {
        String name = pod.getMetadata().getName();
        Optional<Pod> existing = get(BuildIdentity.of(build), name);
        if (existing.isPresent() && isOwned(build, existing.get())) {
            return new PodCreation.Created(existing.get());
        }
        String message = "pod " + name + " cannot be created yet: "
                + (existing.isPresent()
                        ? "another object owns a pod of that name; delete the pod if nothing removes it"
                        : "the API server reported a conflict");
        return new PodCreation.Refused(Diagnosis.of(OfCreation.NAME_TAKEN, message));
    }
}
