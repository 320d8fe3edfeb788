package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import java.util.Optional;

/**
 * What users ask for with annotations. A token is any text; another text than the one that was handled last is a new request,
 * and each is handled once.
 */
final class Requests {
    /** Tokens are echoed in status; of a longer one only this much counts. */
    private static final int LONGEST_TOKEN = 256;

    private Requests() {}

    /** The rebuild request that has not been handled. */
    static Optional<String> rebuild(ObservedBuild build) {
        return token(build, ImageBuild.REBUILD_ANNOTATION)
                .filter(token -> !token.equals(build.status().lastHandledRebuildAt()));
    }

    /** The cancel request that has not been handled. */
    static Optional<String> cancel(ObservedBuild build) {
        return token(build, ImageBuild.CANCEL_ANNOTATION)
                .filter(token -> !token.equals(build.status().lastHandledCancelAt()));
    }

    /** The request to empty the cache volumes that has not been handled. */
    static Optional<String> emptyCache(ObservedBuild build) {
        return token(build, ImageBuild.EMPTY_CACHE_ANNOTATION)
                .filter(token -> !token.equals(build.status().lastHandledEmptyCacheAt()));
    }

    private static Optional<String> token(ObservedBuild build, String annotation) {
        return Optional.ofNullable(build.annotations().get(annotation))
                .filter(token -> !token.isBlank())
                .map(token -> token.substring(0, Math.min(token.length(), LONGEST_TOKEN)));
    }
}
