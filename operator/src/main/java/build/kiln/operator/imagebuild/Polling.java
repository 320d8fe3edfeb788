package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.BaseImages;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Source;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * When servers are asked whether something moved. Only between runs: a run looks by itself. Builds that are seen at the same
 * moment, as after a restart, are spread over one interval, and after that each interval is longer by up to a tenth.
 */
final class Polling {
    private static final int JITTER_SHARE = 10;

    private Polling() {}

    static boolean polls(@Nullable BaseImages baseImages) {
        return baseImages != null && baseImages.poll() != null;
    }

    /** When the git server is asked next. */
    static Optional<Instant> sourceDue(ObservedBuild build, Run run) {
        Source.Git git = build.spec().source().git();
        return git == null || git.poll() == null
                ? Optional.empty()
                : Optional.of(due(build, run, build.polls().source(), git.poll().intervalSeconds()));
    }

    /** When the registries are asked next. */
    static Optional<Instant> baseImagesDue(ObservedBuild build, Run run) {
        BaseImages images = build.spec().baseImages();
        List<String> known = Objects.requireNonNullElse(build.status().baseImages(), List.of());
        return images == null || images.poll() == null || known.isEmpty()
                ? Optional.empty()
                : Optional.of(due(
                        build, run, build.polls().baseImages(), images.poll().intervalSeconds()));
    }

    /** All of these times. */
    static List<Instant> dueTimes(ObservedBuild build, Run run) {
        List<Instant> times = new ArrayList<>();
        if (!RunCauses.isSuspended(build)) {
            sourceDue(build, run).ifPresent(times::add);
            baseImagesDue(build, run).ifPresent(times::add);
        }
        return times;
    }

    private static Instant due(ObservedBuild build, Run run, @Nullable Instant asked, int intervalSeconds) {
        Duration interval = Duration.ofSeconds(intervalSeconds);
        Instant lookedUp = run.startTime() == null ? build.polls().since() : Instant.parse(run.startTime());
        Instant last = asked == null || asked.isBefore(lookedUp) ? lookedUp : asked;
        Instant regular = last.plus(interval).plus(spread(build, interval.dividedBy(JITTER_SHARE)));
        if (asked != null || !lookedUp.isBefore(build.polls().since())) {
            return regular;
        }
        Instant first = build.polls().since().plus(spread(build, interval));
        return regular.isAfter(first) ? regular : first;
    }

    /** A share of the range that is the same for the same build, and another for others. */
    private static Duration spread(ObservedBuild build, Duration range) {
        int hash = Objects.hash(build.identity().namespace(), build.identity().name());
        return Duration.ofMillis(Math.floorMod(hash * 0x9E3779B9L, Math.max(1, range.toMillis())));
    }
}
