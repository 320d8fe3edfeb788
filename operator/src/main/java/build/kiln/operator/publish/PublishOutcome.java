package build.kiln.operator.publish;

import build.kiln.operator.failure.Diagnosis;
import java.util.List;
import java.util.Map;

/** What came of publishing. */
public sealed interface PublishOutcome {
    /**
     * The image is complete in the registry and the tags point at it.
     *
     * @param repository as in {@code spec.output.image}
     * @param digest of the index, or of the plain manifest of a single platform
     * @param tags that point at it now
     * @param platforms digest of the image manifest of each platform, by the platform as in the spec; none for an image that
     *     was published before and has no index
     */
    record Published(String repository, String digest, List<String> tags, Map<String, String> platforms)
            implements PublishOutcome {
        public Published {
            tags = List.copyOf(tags);
            platforms = Map.copyOf(platforms);
        }

        /** {@code repository@digest}. */
        public String image() {
            return repository + "@" + digest;
        }
    }

    /**
     * What some platforms pushed is no longer in the registry. No tag was written. Building these platforms again and
     * publishing then is all that is needed.
     *
     * @param platforms as in the spec; never empty for results, but for an image that was published before and is gone as a
     *     whole
     * @param message what is missing, where and why that may be
     */
    record Missing(List<String> platforms, String message) implements PublishOutcome {
        public Missing {
            platforms = List.copyOf(platforms);
        }
    }

    /**
     * The tags may not point at the new image yet.
     *
     * @param diagnosis what it means
     */
    record Unpublished(Diagnosis diagnosis) implements PublishOutcome {}
}
