package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.VolumeState;
import build.kiln.protocol.BuildResult;
import org.jspecify.annotations.Nullable;

/** What a worker says of its cache volume, made safe to show. */
public final class ReportedVolume {
    private static final int LONGEST_REASON = 300;

    private ReportedVolume() {}

    /**
     * For {@code status.platforms[].cacheVolume}.
     *
     * @param assigned what the attempt was to use; null without a volume
     * @param reported null when the worker reported nothing
     */
    public static PlatformStatus.@Nullable CacheVolume of(
            PlatformStatus.@Nullable CacheVolume assigned, BuildResult.@Nullable CacheVolume reported) {
        if (assigned == null || assigned.claimName() == null || reported == null) {
            return assigned;
        }
        String reason = reported.reason();
        return new PlatformStatus.CacheVolume(
                assigned.claimName(),
                state(reported.state()),
                reason == null ? null : HostileText.line(reason, LONGEST_REASON));
    }

    private static @Nullable VolumeState state(BuildResult.@Nullable VolumeState reported) {
        return switch (reported) {
            case null -> null;
            case New -> VolumeState.New;
            case Reused -> VolumeState.Reused;
            case Emptied -> VolumeState.Emptied;
        };
    }
}
