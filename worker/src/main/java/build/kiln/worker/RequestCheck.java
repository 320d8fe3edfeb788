package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.FailureReason;
import org.jspecify.annotations.Nullable;

/** Finds what a request leaves out: it may come from an operator of another version. */
final class RequestCheck {
    private RequestCheck() {}

    /**
     * Throws when something is missing that every request has.
     *
     * @throws BuildFailedException naming the field
     */
    static void requireComplete(BuildRequest request) throws BuildFailedException {
        require("platform", request.platform());
        require("source", request.source());
        require("dockerfile", request.dockerfile());
        require("dockerfile.path", request.dockerfile().path());
        require("output", request.output());
        require("output.repository", request.output().repository());
        require("output.provenance", request.output().provenance());
        BuildRequest.Git git = request.source().git();
        if (git != null) {
            require("source.git.url", git.url());
            require("source.git.commit", git.commit());
        }
        BuildRequest.Inline inline = request.source().inline();
        if (inline != null) {
            require("source.inline.files", inline.files());
        }
        requireComplete("cache", request.cache());
        for (BuildRequest.OtherPlatform other : request.others()) {
            require("others[].platform", other.platform());
            requireComplete("others[].cache", other.cache());
        }
        for (BuildRequest.Registry registry : request.registries()) {
            require("registries[].host", registry.host());
        }
    }

    private static void requireComplete(String field, BuildRequest.@Nullable Cache cache) throws BuildFailedException {
        if (cache != null) {
            require(field + ".imports", cache.imports());
            require(field + ".mode", cache.mode());
        }
    }

    private static void require(String field, @Nullable Object value) throws BuildFailedException {
        if (value == null) {
            throw new BuildFailedException(
                    FailureReason.InvalidSpec,
                    "The build request has no " + field + ". The operator and the worker image may not be of the same"
                            + " release.");
        }
    }
}
