package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Cache;
import build.kiln.api.v1alpha1.CacheUse;
import build.kiln.api.v1alpha1.CacheUse.ColdReason;
import build.kiln.api.v1alpha1.CacheUse.ExportResult;
import build.kiln.api.v1alpha1.CacheUse.ImportResult;
import build.kiln.api.v1alpha1.CacheUseBuilder;
import build.kiln.api.v1alpha1.HistoryEntry;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.WrittenCaches;
import build.kiln.operator.worker.CacheReferences;
import build.kiln.operator.worker.ReportedCacheUse;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.Steps;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds platforms that should have been built from the cache and were not. A build counts as cold when none of its steps came
 * from the cache; with the same inputs as the run that wrote it, when fewer than half did. What cannot be known is
 * {@link ColdReason#Unknown}. Pure.
 */
final class ColdCache {
    private static final int MAX_PLATFORMS = 20;

    private final ImageBuildSpec spec;
    private final ImageBuildStatus before;
    private final Run run;
    private final @Nullable WrittenCaches written;

    private ColdCache(ImageBuildSpec spec, ImageBuildStatus before, Run run) {
        this.spec = spec;
        this.before = before;
        this.run = run;
        this.written = written(spec, before);
    }

    /**
     * Why a platform was cold; null when it was not, or nothing else was to be expected.
     *
     * @param build of the run, as it was before this platform succeeded
     */
    static @Nullable ColdReason reason(ObservedBuild build, String platform, CacheUse use, Steps steps) {
        Run run = Objects.requireNonNull(build.status().run(), "a platform belongs to a run");
        return new ColdCache(build.spec(), build.status(), run).reason(platform, use, steps);
    }

    /** What a worker reports of the cache, with why the platform was cold; null without a cache. */
    static @Nullable CacheUse judged(
            ObservedBuild build, String platform, BuildResult.@Nullable CacheUse reported, Steps steps) {
        CacheUse use = ReportedCacheUse.of(reported);
        return use == null
                ? null
                : CacheUseBuilder.builder(use)
                        .cold(reason(build, platform, use, steps))
                        .build();
    }

    /** The status that remembers which caches there are now. */
    static ImageBuildStatus remembered(
            ImageBuildSpec spec, ImageBuildStatus status, Run run, List<PlatformStatus> platforms) {
        String reference = CacheReferences.ofAllPlatforms(spec);
        if (reference == null || platforms.stream().allMatch(platform -> platform.cache() == null)) {
            return status;
        }
        Map<String, Integer> runs = new TreeMap<>();
        for (PlatformStatus platform : platforms) {
            if (platform.cache() != null && wasWritten(platform.cache().exportResult())) {
                runs.put(platform.platform(), run.number());
            }
        }
        WrittenCaches before = written(spec, status);
        if (before != null) {
            before.runs().forEach((platform, number) -> {
                if (runs.size() < MAX_PLATFORMS) {
                    runs.putIfAbsent(platform, number);
                }
            });
        }
        return ImageBuildStatusBuilder.builder(status)
                .cache(new WrittenCaches(reference, runs))
                .build();
    }

    private static boolean wasWritten(@Nullable ExportResult result) {
        return result == ExportResult.Exported || result == ExportResult.Partly;
    }

    private @Nullable ColdReason reason(String platform, CacheUse use, Steps steps) {
        ImportResult result = use.importResult();
        Optional<Integer> writer = writer(platform);
        Optional<Boolean> sameInputs = writer.flatMap(this::sameInputs);
        boolean cold = steps.cached() == 0 || (sameInputs.orElse(false) && steps.cached() * 2 < steps.total());
        if (result == null || steps.total() == 0 || !cold) {
            return null;
        }
        boolean expected = writer.isPresent() || importsOtherScopes();
        return switch (result) {
            case Broken -> ColdReason.Expired;
            case Failed -> expected ? ColdReason.ImportFailed : null;
            case Missing -> writer.isPresent() ? ColdReason.Expired : missing();
            case OtherImported -> writer.isPresent() ? ColdReason.Expired : ColdReason.Unknown;
            case Imported -> unmatched(sameInputs);
        };
    }

    private @Nullable ColdReason missing() {
        if (written != null && !written.runs().isEmpty()) {
            return ColdReason.OtherPlatform;
        }
        return written != null || importsOtherScopes() ? ColdReason.NoManifest : null;
    }

    private ColdReason unmatched(Optional<Boolean> sameInputs) {
        boolean changed = sameInputs.isPresent() && !sameInputs.get();
        return changed || run.cause() == Cause.BaseImageMoved ? ColdReason.ChangedInput : ColdReason.Unknown;
    }

    private Optional<Integer> writer(String platform) {
        return written == null
                ? Optional.empty()
                : Optional.ofNullable(written.runs().get(platform));
    }

    /** Empty when that run is no longer in the history. */
    private Optional<Boolean> sameInputs(int writer) {
        if (writer == run.number()) {
            return Optional.of(true);
        }
        return History.ofRun(before, writer).map(HistoryEntry::inputHash).map(hash -> hash.equals(run.inputHash()));
    }

    private boolean importsOtherScopes() {
        Cache cache = spec.cache();
        return cache != null
                && cache.importScopes() != null
                && !cache.importScopes().isEmpty();
    }

    /** Null when nothing was built there yet: it is another place than that of the caches so far. */
    private static @Nullable WrittenCaches written(ImageBuildSpec spec, ImageBuildStatus status) {
        WrittenCaches written = status.cache();
        return written != null && written.reference().equals(CacheReferences.ofAllPlatforms(spec)) ? written : null;
    }
}
