package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * When servers were asked about which build, and how often in a row they did not answer. Bounded: of many builds that were
 * deleted the oldest are forgotten. Thread-safe.
 */
final class PollMemory {
    private static final int MAX_BUILDS = 20_000;

    private final Map<String, Asked> entries = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Asked> eldest) {
            return size() > MAX_BUILDS;
        }
    };

    private record Asked(PollTimes times, int sourceFailures, int baseImageFailures) {}

    /** Which server is asked. */
    enum Kind {
        SOURCE("source", "spec.source.git.poll"),
        BASE_IMAGES("baseImages", "spec.baseImages.poll");

        private final String label;
        private final String field;

        Kind(String label, String field) {
            this.label = label;
            this.field = field;
        }

        /** In metrics and logs. */
        String label() {
            return label;
        }

        /** Where it is written. */
        String field() {
            return field;
        }
    }

    synchronized PollTimes times(ImageBuild build, Instant now) {
        return entry(build, now).times();
    }

    synchronized void answered(ImageBuild build, Kind kind, Instant now) {
        update(build, now, entry -> asked(entry, kind, now, 0));
    }

    /**
     * Remembers a question without an answer.
     *
     * @return how many there were in a row
     */
    synchronized int failed(ImageBuild build, Kind kind, Instant now) {
        Asked entry = entry(build, now);
        int failures = 1
                + switch (kind) {
                    case SOURCE -> entry.sourceFailures();
                    case BASE_IMAGES -> entry.baseImageFailures();
                };
        update(build, now, before -> asked(before, kind, now, failures));
        return failures;
    }

    private static Asked asked(Asked entry, Kind kind, Instant now, int failures) {
        PollTimes times = entry.times();
        return switch (kind) {
            case SOURCE ->
                new Asked(new PollTimes(times.since(), now, times.baseImages()), failures, entry.baseImageFailures());
            case BASE_IMAGES ->
                new Asked(new PollTimes(times.since(), times.source(), now), entry.sourceFailures(), failures);
        };
    }

    private void update(ImageBuild build, Instant now, UnaryOperator<Asked> change) {
        entries.put(key(build), change.apply(entry(build, now)));
    }

    private Asked entry(ImageBuild build, Instant now) {
        return entries.computeIfAbsent(key(build), _ -> new Asked(new PollTimes(now, null, null), 0, 0));
    }

    private static String key(ImageBuild build) {
        return build.getMetadata().getNamespace() + "/"
                + build.getMetadata().getName() + "/"
                + build.getMetadata().getUid();
    }
}
