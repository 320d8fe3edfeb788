package build.kiln.operator.status;

import build.kiln.api.v1alpha1.CacheUse;
import build.kiln.api.v1alpha1.CacheUseBuilder;
import build.kiln.api.v1alpha1.CrossCompiling;
import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.FailureBuilder;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatusBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Shares out the room that a status has in etcd, 16 KiB, among its platforms. The shares follow from their number alone, so
 * that a status that fits is left as it is, whatever else it says.
 */
final class StatusBudget {
    private static final int MESSAGES = 2200;
    private static final int LONGEST_MESSAGE = 1000;
    private static final int MODES = 1200;
    private static final int SHORTEST_MODE = 80;
    private static final int PROFILES = 1500;
    private static final int SHORTEST_PROFILE = 300;
    private static final int MOST_WITH_CACHE = 6;
    private static final int CACHE_TEXTS = 480;
    private static final int LONGEST_CACHE_TEXT = 200;
    private static final int PROGRAMS = 16;
    private static final int LOG = 6000;
    private static final int LONGEST_LOG = 4096;

    private StatusBudget() {}

    static ImageBuildStatus fit(ImageBuildStatus record) {
        List<PlatformStatus> platforms = record.platforms();
        if (platforms == null || platforms.isEmpty()) {
            return record;
        }
        int count = platforms.size();
        return ImageBuildStatusBuilder.builder(record)
                .platforms(
                        platforms.stream().map(platform -> fit(platform, count)).toList())
                .cache(count > MOST_WITH_CACHE ? null : record.cache())
                .crossCompiling(fit(record.crossCompiling(), count))
                .failure(fit(record.failure(), count))
                .build();
    }

    private static PlatformStatus fit(PlatformStatus platform, int count) {
        String message = platform.message();
        PlatformStatus.Acceleration acceleration = platform.acceleration();
        PlatformStatusBuilder fitting = withCache(platform, count);
        if (message != null) {
            fitting.message(MessageText.cut(message, Math.min(LONGEST_MESSAGE, MESSAGES / count)));
        }
        if (platform.modeMessage() != null) {
            int share = Math.min(LONGEST_MESSAGE, MODES / count);
            // The reason stays in any case; less than a sentence is no explanation.
            fitting.modeMessage(share < SHORTEST_MODE ? null : MessageText.cut(platform.modeMessage(), share));
        }
        if (platform.profileMessage() != null) {
            int share = Math.min(LONGEST_MESSAGE, PROFILES / count);
            fitting.profileMessage(share < SHORTEST_PROFILE ? null : MessageText.cut(platform.profileMessage(), share));
        }
        if (acceleration != null && acceleration.unmatched() != null) {
            fitting.acceleration(new PlatformStatus.Acceleration(
                    acceleration.nativeStarts(),
                    acceleration.emulatedStarts(),
                    acceleration.unmatched().stream().limit(PROGRAMS / count).toList()));
        }
        return fitting.build();
    }

    private static @Nullable CrossCompiling fit(@Nullable CrossCompiling known, int count) {
        return known == null || count <= MOST_WITH_CACHE
                ? known
                : new CrossCompiling(known.answer(), known.run(), null);
    }

    /** What the cache did is told of few platforms only. */
    private static PlatformStatusBuilder withCache(PlatformStatus platform, int count) {
        PlatformStatusBuilder fitting = PlatformStatusBuilder.builder(platform);
        CacheUse cache = platform.cache();
        if (count > MOST_WITH_CACHE) {
            return fitting.pulledBytes(null).sentBytes(null).cache(null);
        }
        return fitting.cache(cache == null ? null : fit(cache, count));
    }

    private static CacheUse fit(CacheUse cache, int count) {
        return CacheUseBuilder.builder(cache)
                .missedStep(cut(cache.missedStep(), CACHE_TEXTS / count))
                .problem(cut(cache.problem(), CACHE_TEXTS / count))
                .build();
    }

    private static @Nullable String cut(@Nullable String text, int longest) {
        return text == null ? null : MessageText.cut(text, Math.min(LONGEST_CACHE_TEXT, longest));
    }

    /** The end of a log says most. */
    private static @Nullable Failure fit(@Nullable Failure failure, int count) {
        int longest = Math.min(LONGEST_LOG, LOG / count);
        if (failure == null || failure.logTail() == null || failure.logTail().length() <= longest) {
            return failure;
        }
        String tail = failure.logTail();
        int start = tail.length() - longest;
        int line = tail.indexOf('\n', start);
        return FailureBuilder.builder(failure)
                .logTail(tail.substring(line < 0 || line == tail.length() - 1 ? start : line + 1))
                .build();
    }
}
