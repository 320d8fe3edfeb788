package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The images that a Dockerfile builds on, as {@code name:tag@digest}. Workers report them, so they are not trusted. */
final class BaseImageReferences {
    static final int MAX_IMAGES = 16;

    /** A tag is needed: what was written with a digest alone never moves. */
    private static final Pattern REFERENCE =
            Pattern.compile("[a-z0-9][a-zA-Z0-9._:/-]{0,255}:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}@sha256:[0-9a-f]{64}");

    private BaseImageReferences() {}

    /** Those known so far and those that one more platform reports, each once. */
    static List<String> merged(@Nullable List<String> known, List<String> reported) {
        Set<String> all = new TreeSet<>(known == null ? List.of() : known);
        for (String reference : reported) {
            if (all.size() < MAX_IMAGES && REFERENCE.matcher(reference).matches()) {
                all.add(reference);
            }
        }
        return List.copyOf(all);
    }

    /** Names with tags to ask for. */
    static List<String> names(ImageBuildStatus status) {
        return references(status).stream()
                .map(BaseImageReferences::name)
                .distinct()
                .toList();
    }

    /**
     * Which tags point at another digest than they did at the last build. What a run was started for already counts no
     * more: a Dockerfile that names both tag and digest does not take it in.
     *
     * @param digests where the tags point now, by name
     */
    static List<String> moved(ImageBuildStatus status, Map<String, String> digests) {
        Run run = status.run();
        List<String> answered = run == null || run.movedBaseImages() == null ? List.of() : run.movedBaseImages();
        List<String> moved = new ArrayList<>();
        digests.forEach((name, digest) -> {
            String now = name + "@" + digest;
            boolean same = references(status).stream()
                    .filter(reference -> name(reference).equals(name))
                    .allMatch(now::equals);
            if (!same && !answered.contains(now)) {
                moved.add(now);
            }
        });
        return moved;
    }

    private static String name(String reference) {
        return reference.substring(0, reference.indexOf('@'));
    }

    private static List<String> references(ImageBuildStatus status) {
        return Objects.requireNonNullElse(status.baseImages(), List.of());
    }
}
