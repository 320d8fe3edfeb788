package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.worker.WorkerAssignment;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What to do next. Whatever an act is meant to do is recorded in status before it is done. */
sealed interface Decision {
    /**
     * Write the status, then look again.
     *
     * @param status complete, with conditions
     */
    record WriteStatus(ImageBuildStatus status) implements Decision {}

    /** Ask the git server for the commit. */
    record ResolveSource() implements Decision {}

    /**
     * Create worker pods.
     *
     * @param assignments one per pod
     */
    record CreatePods(List<WorkerAssignment> assignments) implements Decision {}

    /**
     * Delete pods that are of no more use.
     *
     * @param names of the pods
     */
    record DeletePods(List<String> names) implements Decision {}

    /**
     * Make one image of the results and move the tags.
     *
     * @param results one per platform
     */
    record Publish(List<PlatformResult> results) implements Decision {}

    /**
     * Nothing now.
     *
     * @param until look again then at the latest; null when only an event can change anything
     */
    record Wait(@Nullable Instant until) implements Decision {}
}
