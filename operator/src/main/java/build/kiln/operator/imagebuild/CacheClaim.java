package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.worker.CacheVolumeClaim;
import build.kiln.operator.worker.WorkerLabels;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A PersistentVolumeClaim of a cache volume.
 *
 * @param name of the claim
 * @param platform whose state it holds, as a label has it: with dashes
 * @param request what it was asked for, see {@link CacheVolumeClaim#request}
 * @param created when, RFC 3339
 * @param owner whose it is
 * @param terminating whether it is being deleted
 */
record CacheClaim(String name, String platform, String request, String created, Owner owner, boolean terminating) {
    /** Whose a claim is. */
    enum Owner {
        /** This ImageBuild's, and goes with it. */
        Build,
        /** Nobody's: it stayed behind, or will. */
        Nobody,
        /** Another object's, such as an ImageBuild of the same name before. */
        Other
    }

    static CacheClaim of(ImageBuild build, PersistentVolumeClaim claim) {
        ObjectMeta metadata = claim.getMetadata();
        Map<String, String> labels = Objects.requireNonNullElse(metadata.getLabels(), Map.of());
        Map<String, String> annotations = Objects.requireNonNullElse(metadata.getAnnotations(), Map.of());
        List<OwnerReference> owners = metadata.getOwnerReferences();
        return new CacheClaim(
                metadata.getName(),
                labels.getOrDefault(WorkerLabels.PLATFORM, ""),
                annotations.getOrDefault(CacheVolumeClaim.REQUEST, ""),
                Objects.requireNonNullElse(metadata.getCreationTimestamp(), ""),
                owners == null || owners.isEmpty()
                        ? Owner.Nobody
                        : WorkerPods.isOwned(build, claim) ? Owner.Build : Owner.Other,
                metadata.getDeletionTimestamp() != null);
    }

    /** Whether pods that are created from now on may use it. */
    boolean isUsable() {
        return !terminating && owner != Owner.Other;
    }

    boolean isOf(String wanted) {
        return platform.equals(wanted.replace('/', '-'));
    }

    /** The same, after its deletion was asked for. */
    CacheClaim deleted() {
        return new CacheClaim(name, platform, request, created, owner, true);
    }
}
