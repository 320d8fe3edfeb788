package build.kiln.operator.worker;

import build.kiln.protocol.BuildResult;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.InvalidReferenceException;
import java.util.Set;

/** Whether a worker's result can be believed as far as it can be checked without a registry. */
final class ResultCheck {
    private static final int MOST_STEPS = 100_000;

    /** Registries need not take a larger manifest (OCI distribution specification, "Pushing manifests"). */
    private static final long LARGEST_MANIFEST = 4L * 1024 * 1024;

    private static final Set<String> MEDIA_TYPES = Set.of(
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.docker.distribution.manifest.v2+json");

    private ResultCheck() {}

    /**
     * Checks a result.
     *
     * @param platform that the pod was made for
     * @param exitCode of the container
     */
    static void check(BuildResult result, String platform, int exitCode) throws RefusedException {
        require(result.platform() != null && result.platform().equals(platform), "it is for another platform");
        BuildResult.Steps steps = result.steps();
        require(
                steps != null && steps.cached() >= 0 && steps.cached() <= steps.total() && steps.total() <= MOST_STEPS,
                "its steps make no sense");
        require(result.timings() != null, "it has no times");
        switch (result) {
            case BuildResult.Succeeded succeeded -> {
                require(exitCode == 0, "it says success, the exit code does not");
                check(succeeded.pushed());
            }
            case BuildResult.Failed failed -> {
                require(failed.reason() != null && failed.message() != null, "it has no reason or no message");
                require(exitCode != 0, "it says failure, the exit code does not");
            }
        }
    }

    private static void check(BuildResult.Pushed pushed) throws RefusedException {
        require(
                pushed != null && pushed.mediaType() != null && pushed.digest() != null,
                "it does not say what was pushed");
        require(MEDIA_TYPES.contains(pushed.mediaType()), "the media type is not that of an image");
        require(pushed.size() > 0 && pushed.size() <= LARGEST_MANIFEST, "the size is not that of a manifest");
        try {
            Digest.parse(pushed.digest());
        } catch (InvalidReferenceException e) {
            throw new RefusedException(String.valueOf(e.getMessage()));
        }
    }

    private static void require(boolean condition, String otherwise) throws RefusedException {
        if (!condition) {
            throw new RefusedException(otherwise);
        }
    }

    /** The message says what is wrong with the result. */
    static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1L;

        RefusedException(String message) {
            super(message);
        }
    }
}
