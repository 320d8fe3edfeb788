package build.kiln.operator.cleanup;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.worker.WorkerLabels;
import build.kiln.operator.worker.WorkerPodName;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The ImageBuild that a worker pod was created for.
 *
 * @param name of the ImageBuild
 * @param uid of the ImageBuild
 */
record WorkerPodOwner(String name, String uid) {
    /**
     * Reads it from a pod. Empty for every pod that is not beyond doubt one that Kiln created: all labels of worker pods, the name
     * that follows from them, and an ImageBuild as the controller. Whoever deletes an ImageBuild and orphans its pods removes that
     * reference; the annotations that say the same remain.
     */
    static Optional<WorkerPodOwner> of(Pod pod) {
        return claimed(pod.getMetadata()).filter(owner -> owner.isProvenBy(pod));
    }

    private static Optional<WorkerPodOwner> claimed(ObjectMeta pod) {
        List<OwnerReference> references = pod.getOwnerReferences();
        if (references == null || references.isEmpty()) {
            Map<String, String> annotations = Objects.requireNonNullElse(pod.getAnnotations(), Map.of());
            return of(annotations.get(WorkerLabels.OWNER_NAME), annotations.get(WorkerLabels.OWNER_UID));
        }
        return references.stream()
                .filter(WorkerPodOwner::isImageBuild)
                .findFirst()
                .flatMap(reference -> of(reference.getName(), reference.getUid()));
    }

    private static Optional<WorkerPodOwner> of(@Nullable String name, @Nullable String uid) {
        return name == null || uid == null ? Optional.empty() : Optional.of(new WorkerPodOwner(name, uid));
    }

    private static boolean isImageBuild(OwnerReference reference) {
        return Boolean.TRUE.equals(reference.getController())
                && "ImageBuild".equals(reference.getKind())
                && reference.getApiVersion() != null
                && reference.getApiVersion().startsWith(ImageBuild.GROUP + "/");
    }

    private boolean isProvenBy(Pod pod) {
        int run = WorkerLabels.run(pod);
        int attempt = WorkerLabels.attempt(pod);
        String platform = WorkerLabels.platform(pod);
        Map<String, String> labels =
                Objects.requireNonNullElse(pod.getMetadata().getLabels(), Map.of());
        return run > 0
                && attempt > 0
                && !platform.isEmpty()
                && labels.entrySet()
                        .containsAll(
                                WorkerLabels.of(name, run, platform, attempt).entrySet())
                && WorkerPodName.of(name, run, platform, attempt)
                        .equals(pod.getMetadata().getName());
    }
}
