package build.kiln.operator.worker;

import build.kiln.protocol.BuildResult;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.InvalidReferenceException;
import java.util.List;
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
     * @param platforms that the pod was made for, its own first
     * @param exitCode of the container
     */
    static void check(BuildResult result, List<String> platforms, int exitCode) throws RefusedException {
        BuildResult.Steps steps = result.steps();
        require(steps != null && isSensible(steps.total(), steps.cached()), "its steps make no sense");
        require(result.timings() != null, "it has no times");
        switch (result) {
            case BuildResult.Succeeded succeeded -> {
                require(exitCode == 0, "it says success, the exit code does not");
                require(platforms.getFirst().equals(succeeded.platform()), "it is for another platform");
                check(succeeded.pushed());
                check(succeeded.others(), platforms.subList(1, platforms.size()));
            }
            case BuildResult.Failed failed -> {
                require(platforms.contains(failed.platform()), "it is for another platform");
                require(failed.reason() != null && failed.message() != null, "it has no reason or no message");
                require(exitCode != 0, "it says failure, the exit code does not");
            }
        }
    }

    private static void check(List<BuildResult.OtherPlatform> others, List<String> platforms) throws RefusedException {
        List<String> told =
                others.stream().map(BuildResult.OtherPlatform::platform).toList();
        require(told.equals(platforms), "it is not for the platforms that were to be built");
        for (BuildResult.OtherPlatform other : others) {
            require(isSensible(other.total(), other.cached()), "its steps make no sense");
            require(other.digest() != null, "it does not say what was pushed");
            check(other.digest(), other.size());
        }
    }

    private static boolean isSensible(int total, int cached) {
        return cached >= 0 && cached <= total && total <= MOST_STEPS;
    }

    private static void check(BuildResult.Pushed pushed) throws RefusedException {
        require(
                pushed != null && pushed.mediaType() != null && pushed.digest() != null,
                "it does not say what was pushed");
        require(MEDIA_TYPES.contains(pushed.mediaType()), "the media type is not that of an image");
        check(pushed.digest(), pushed.size());
    }

    private static void check(String digest, long size) throws RefusedException {
        require(size > 0 && size <= LARGEST_MANIFEST, "the size is not that of a manifest");
        try {
            Digest.parse(digest);
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
