package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.publish.PublishOutcome;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Where tags point. The digest of an image says which inputs it was built from, and in which run. */
final class PlayedRegistry {
    private final Map<String, String> tags = new LinkedHashMap<>();

    /** Images by tag, as {@code repository@digest}. */
    Map<String, String> tags() {
        return tags;
    }

    PublishOutcome.Published publish(Scenario build) {
        Run run = build.currentRun();
        int inputs = Objects.requireNonNull(run.inputHash(), "only what was resolved is published")
                .hashCode();
        return move(build, "sha256:%032x%032x".formatted(inputs & 0xffffffffL, run.number()));
    }

    PublishOutcome.Published tag(Scenario build, String image) {
        return move(build, image.substring(image.indexOf('@') + 1));
    }

    private PublishOutcome.Published move(Scenario build, String digest) {
        PublishOutcome.Published published = build.published(digest);
        Optional.ofNullable(build.observed().ofRun().spec().output().tags())
                .ifPresent(moved -> moved.forEach(tag -> tags.put(tag, published.image())));
        return published;
    }
}
