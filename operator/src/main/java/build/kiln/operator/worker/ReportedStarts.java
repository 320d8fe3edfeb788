package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.protocol.BuildResult;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a worker says about the starts of programs, made safe to show: build steps can write the counters. */
public final class ReportedStarts {
    private static final long MOST_STARTS = 1_000_000_000_000L;
    private static final int MOST_UNMATCHED = 8;
    private static final int LONGEST_PATH = 130;
    private static final Pattern BUILD_ID = Pattern.compile("[0-9a-f]{2,64}");

    private ReportedStarts() {}

    /** For {@code status.platforms[].acceleration}; null when the worker reported nothing. */
    public static PlatformStatus.@Nullable Acceleration of(BuildResult.@Nullable Acceleration reported) {
        if (reported == null) {
            return null;
        }
        List<PlatformStatus.Unmatched> unmatched = reported.unmatched().stream()
                .limit(MOST_UNMATCHED)
                .map(ReportedStarts::unmatched)
                .toList();
        return new PlatformStatus.Acceleration(
                bounded(reported.nativeStarts()),
                bounded(reported.emulatedStarts()),
                unmatched.isEmpty() ? null : unmatched);
    }

    private static PlatformStatus.Unmatched unmatched(BuildResult.Unmatched one) {
        String id = one.buildId();
        return new PlatformStatus.Unmatched(
                HostileText.line(String.valueOf(one.path()), LONGEST_PATH),
                id != null && BUILD_ID.matcher(id).matches() ? id : null,
                bounded(one.starts()));
    }

    private static long bounded(long starts) {
        return Math.clamp(starts, 0, MOST_STARTS);
    }
}
