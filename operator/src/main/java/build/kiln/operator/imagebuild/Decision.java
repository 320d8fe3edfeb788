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
     * Delete PersistentVolumeClaims of cache volumes that are of no more use.
     *
     * @param names of the claims
     */
    record DeleteClaims(List<String> names) implements Decision {}

    /**
     * Let PersistentVolumeClaims of cache volumes go with the ImageBuild, or stay without it.
     *
     * @param names of the claims
     * @param owned whether they go with it
     */
    record OwnClaims(List<String> names, boolean owned) implements Decision {}

    /**
     * Make one image of the results and move the tags.
     *
     * @param results one per platform
     */
    record Publish(List<PlatformResult> results) implements Decision {}

    /**
     * Put temporary tags on results, so that the registry keeps them until the image is published.
     *
     * @param results of platforms that succeeded
     */
    record Protect(List<PlatformResult> results) implements Decision {}

    /**
     * Remove the temporary tags of results that nothing will be made of.
     *
     * @param results that may have one
     */
    record Release(List<PlatformResult> results) implements Decision {}

    /**
     * Move the tags to an image that was published before.
     *
     * @param image repository@digest
     */
    record Tag(String image) implements Decision {}

    /** Ask the git server whether the revision has moved since the last run. */
    record PollSource() implements Decision {}

    /** Ask the registries whether tags of base images have moved since the last build. */
    record PollBaseImages() implements Decision {}

    /** Delete the object: it has lived for as long as it was to. */
    record DeleteBuild() implements Decision {}

    /**
     * Nothing now.
     *
     * @param until look again then at the latest; null when only an event can change anything
     */
    record Wait(@Nullable Instant until) implements Decision {}
}
