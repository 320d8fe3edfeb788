package build.kiln.operator.cleanup;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.worker.WorkerLabels;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A worker pod that nothing will ever ask about again.
 *
 * @param pod as it was read
 * @param reason why
 */
record Orphan(Pod pod, Reason reason) {
    /** Why a pod is of no use. */
    enum Reason {
        /** Its ImageBuild was deleted, and the pod was kept or escaped the garbage collection. */
        OwnerGone,
        /** Another ImageBuild of the same name took its place. */
        OwnerReplaced,
        /** Its ImageBuild is at another run. */
        UnknownRun
    }

    /**
     * Finds the orphans.
     *
     * @param pods read first
     * @param builds read after the pods: whatever owned one of them then and is not among these is gone
     */
    static List<Orphan> among(List<Pod> pods, List<ImageBuild> builds) {
        Map<String, ImageBuild> byName = new HashMap<>();
        builds.forEach(build -> byName.put(
                build.getMetadata().getNamespace() + "/" + build.getMetadata().getName(), build));
        List<Orphan> orphans = new ArrayList<>();
        for (Pod pod : pods) {
            if (pod.getMetadata().getDeletionTimestamp() != null) {
                continue;
            }
            WorkerPodOwner.of(pod)
                    .flatMap(owner -> reason(
                            pod,
                            owner,
                            Optional.ofNullable(byName.get(pod.getMetadata().getNamespace() + "/" + owner.name()))))
                    .ifPresent(reason -> orphans.add(new Orphan(pod, reason)));
        }
        return orphans;
    }

    private static Optional<Reason> reason(Pod pod, WorkerPodOwner owner, Optional<ImageBuild> build) {
        if (build.isEmpty()) {
            return Optional.of(Reason.OwnerGone);
        }
        if (!build.get().getMetadata().getUid().equals(owner.uid())) {
            return Optional.of(Reason.OwnerReplaced);
        }
        Run run =
                build.get().getStatus() == null ? null : build.get().getStatus().run();
        return run == null || run.number() == WorkerLabels.run(pod) ? Optional.empty() : Optional.of(Reason.UnknownRun);
    }
}
