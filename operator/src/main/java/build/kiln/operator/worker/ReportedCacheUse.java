package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.CacheUse;
import build.kiln.api.v1alpha1.CacheUse.ExportResult;
import build.kiln.api.v1alpha1.CacheUse.ImportResult;
import build.kiln.api.v1alpha1.CacheUseBuilder;
import build.kiln.protocol.BuildResult;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a worker says about its cache and its traffic, made safe to show: it quotes registries and Dockerfiles. */
public final class ReportedCacheUse {
    private static final int LONGEST_TEXT = 300;
    private static final long LONGEST_MILLIS = Duration.ofDays(30).toMillis();
    private static final long MOST_BYTES = 1L << 50;

    private ReportedCacheUse() {}

    /** For {@code status.platforms[].cache}; null when there was no cache. */
    public static @Nullable CacheUse of(BuildResult.@Nullable CacheUse reported) {
        if (reported == null) {
            return null;
        }
        Long exportMillis = reported.exportMillis();
        return CacheUseBuilder.builder()
                .importResult(
                        switch (reported.importResult()) {
                            case null -> null;
                            case Imported -> ImportResult.Imported;
                            case OtherImported -> ImportResult.OtherImported;
                            case Missing -> ImportResult.Missing;
                            case Broken -> ImportResult.Broken;
                            case Failed -> ImportResult.Failed;
                        })
                .exportResult(
                        switch (reported.exportResult()) {
                            case null -> null;
                            case Exported -> ExportResult.Exported;
                            case Partly -> ExportResult.Partly;
                            case TimedOut -> ExportResult.TimedOut;
                            case Failed -> ExportResult.Failed;
                            case Stopped -> ExportResult.Stopped;
                        })
                .importMilliseconds(Math.clamp(reported.importMillis(), 0, LONGEST_MILLIS))
                .exportMilliseconds(
                        exportMillis == null ? null : Long.valueOf(Math.clamp(exportMillis, 0, LONGEST_MILLIS)))
                .missedStep(text(reported.missedStep()))
                .problem(text(reported.problem()))
                .build();
    }

    /** For {@code status.platforms[].pulledBytes}. */
    public static @Nullable Long pulledBytes(BuildResult.@Nullable Traffic reported) {
        return reported == null ? null : Long.valueOf(Math.clamp(reported.pulledBytes(), 0, MOST_BYTES));
    }

    /** For {@code status.platforms[].sentBytes}. */
    public static @Nullable Long sentBytes(BuildResult.@Nullable Traffic reported) {
        Long sent = reported == null ? null : reported.sentBytes();
        return sent == null ? null : Long.valueOf(Math.clamp(sent, 0, MOST_BYTES));
    }

    private static @Nullable String text(@Nullable String text) {
        return text == null || text.isBlank() ? null : HostileText.line(text, LONGEST_TEXT);
    }
}
