package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.worker.CacheVolumeClaim;
import build.kiln.operator.worker.WorkerLabels;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Cache volumes. Each wakes the build whose name it carries, whether it goes with it or stayed behind. */
final class CacheClaimSource extends InformerEventSource<PersistentVolumeClaim, ImageBuild> {
    CacheClaimSource(EventSourceContext<ImageBuild> context) {
        super(
                InformerEventSourceConfiguration.from(PersistentVolumeClaim.class, ImageBuild.class)
                        .withName("cache-volumes")
                        .withLabelSelector(CacheVolumeClaim.SELECTOR)
                        .withNamespacesInheritedFromController()
                        .withSecondaryToPrimaryMapper(CacheClaimSource::build)
                        .withOnUpdateFilter(CacheClaimSource::saysSomethingNew)
                        .build(),
                context);
    }

    Collection<PersistentVolumeClaim> of(ImageBuild build) {
        return getSecondaryResources(build);
    }

    void wrote(PersistentVolumeClaim claim) {
        handleRecentResourceCreate(ResourceID.fromResource(claim), claim);
    }

    private static Set<ResourceID> build(PersistentVolumeClaim claim) {
        Map<String, String> annotations =
                Objects.requireNonNullElse(claim.getMetadata().getAnnotations(), Map.of());
        String name = annotations.get(WorkerLabels.OWNER_NAME);
        return name == null
                ? Set.of()
                : Set.of(new ResourceID(name, claim.getMetadata().getNamespace()));
    }

    private static boolean saysSomethingNew(PersistentVolumeClaim newClaim, PersistentVolumeClaim oldClaim) {
        return !Objects.equals(
                        newClaim.getMetadata().getDeletionTimestamp(),
                        oldClaim.getMetadata().getDeletionTimestamp())
                || !Objects.equals(
                        newClaim.getMetadata().getOwnerReferences(),
                        oldClaim.getMetadata().getOwnerReferences());
    }
}
