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
        BuildRequest.Cache cache = request.cache();
        if (cache != null) {
            require("cache.imports", cache.imports());
            require("cache.mode", cache.mode());
        }
        for (BuildRequest.Registry registry : request.registries()) {
            require("registries[].host", registry.host());
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
