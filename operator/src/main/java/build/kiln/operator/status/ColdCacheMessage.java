package build.kiln.operator.status;

import build.kiln.api.v1alpha1.CacheUse;
import build.kiln.api.v1alpha1.CacheUse.ColdReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.WrittenCaches;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * What is told of platforms that should have been built from the cache and were not.
 *
 * @param reason of the first of them
 * @param text which, why, and what to do now
 */
record ColdCacheMessage(ColdReason reason, String text) {
    private static final int MOST_NAMED = 4;
    private static final int LONGEST_DETAIL = 150;

    /** Empty when there are none, else one. */
    static List<ColdCacheMessage> of(ImageBuildStatus status) {
        List<PlatformStatus> cold = Objects.requireNonNullElse(status.platforms(), List.<PlatformStatus>of()).stream()
                .filter(platform -> platform.cache() != null && platform.cache().cold() != null)
                .toList();
        if (cold.isEmpty()) {
            return List.of();
        }
        String more = cold.size() > MOST_NAMED ? " and " + (cold.size() - MOST_NAMED) + " more" : "";
        String which = cold.stream()
                .limit(MOST_NAMED)
                .map(platform -> platform.platform() + " (" + platform.cachedSteps() + " of " + platform.totalSteps()
                        + " steps)")
                .collect(Collectors.joining(", ", "", more));
        CacheUse first = Objects.requireNonNull(cold.getFirst().cache(), "cache");
        ColdReason reason = Objects.requireNonNull(first.cold(), "cold");
        return List.of(new ColdCacheMessage(
                reason,
                MessageText.bounded("The cache served less than it should: " + which + ".\n"
                        + MessageText.oneLine(why(reason, first, reference(status, cold.getFirst()))))));
    }

    private static String why(ColdReason reason, CacheUse use, String reference) {
        return switch (reason) {
            case NoManifest ->
                "There is no cache " + reference
                        + ", nor in spec.cache.importScopes. Earlier runs tell in status.platforms[].cache whether they"
                        + " could write one.";
            case Expired ->
                "An earlier run wrote " + reference
                        + ", and it is gone, or not all of it is left. Look at the rules by which the registry removes"
                        + " images, or the store objects." + problem(use);
            case OtherPlatform ->
                "In this scope there are caches of other platforms, and not yet " + reference
                        + ". This run writes it, unless spec.cache.export is false.";
            case ChangedInput ->
                "The inputs differ from those of the run that wrote " + reference + "." + missed(use)
                        + " What changes often belongs to the end of a Dockerfile.";
            case ImportFailed -> reference + " could not be read." + problem(use);
            case Unknown ->
                reference + " was read, or that of another scope, and its steps did not match; the cause is not known."
                        + missed(use);
        };
    }

    private static String missed(CacheUse use) {
        return use.missedStep() == null
                ? ""
                : " The first step executed is " + MessageText.cut(use.missedStep(), LONGEST_DETAIL) + ".";
    }

    private static String problem(CacheUse use) {
        return use.problem() == null ? "" : " " + MessageText.cut(use.problem(), LONGEST_DETAIL);
    }

    private static String reference(ImageBuildStatus status, PlatformStatus platform) {
        WrittenCaches caches = status.cache();
        return caches == null
                ? "the cache"
                : caches.reference() + "-" + platform.platform().replace('/', '-');
    }
}
