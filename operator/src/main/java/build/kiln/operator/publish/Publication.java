package build.kiln.operator.publish;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.credentials.BuildCredentials;
import java.util.List;

/** Makes one image of the platforms' results and moves the tags to it. Calls block, each with a deadline. */
public interface Publication {
    /**
     * Looks whether all results are still in the registry, assembles, pushes and verifies. Repeating it with the same results
     * is harmless: it gives the same digest. Tags are written last, after everything they need is there; then the temporary
     * tags of the results are removed.
     *
     * @param results one per platform of the spec, in any order
     */
    PublishOutcome publish(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials);

    /**
     * Puts a temporary tag on what platforms pushed, so that a registry which removes untagged manifests keeps them until the
     * image is published. For platforms that have succeeded while others of the run have not. Best effort and repeatable: a
     * registry that does not let the tag be written is no reason to fail a run, and is logged.
     *
     * @param results of platforms that succeeded
     */
    void protect(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials);

    /**
     * Removes the temporary tags of results that will not be published any more: those of a run that was cancelled or that
     * failed while building. A tag that points at anything else by now stays. Best effort, repeatable, logged, as
     * {@link #protect} is. Never removes a manifest that a platform pushed.
     *
     * @param results that were protected, or may have been
     */
    void release(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials);

    /**
     * Moves the tags of the spec to an image that was published before, once all of it is found in the registry. Builds and
     * assembles nothing; repeating it is harmless.
     *
     * @param digest of the image, in the repository of {@code spec.output.image}
     * @return {@link PublishOutcome.Missing} when it is gone, or something that it lists
     */
    PublishOutcome tag(ImageBuild build, String digest, BuildCredentials credentials);

    /**
     * Asks which image a reference stands for now, at the mirrors that BuildKit would pull it from, else at its registry.
     *
     * @param reference such as {@code docker.io/library/alpine:3.22}
     */
    ImageResolution resolve(ImageBuild build, String reference, BuildCredentials credentials);
}
