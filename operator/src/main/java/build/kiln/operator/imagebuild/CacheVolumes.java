package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Cache;
import build.kiln.api.v1alpha1.CacheVolume;
import build.kiln.api.v1alpha1.CacheVolume.Retention;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.VolumeState;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.worker.CacheVolumeClaim;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which cache volume a platform uses, when it may, and which volumes are of no more use. Pure. */
final class CacheVolumes {
    /** Reason of a platform that waits until another pod has let go of its volume. */
    static final String IN_USE = "CacheVolumeInUse";

    private CacheVolumes() {}

    /** What the spec asks for; null when the state of BuildKit goes with the pod. */
    static @Nullable CacheVolume wanted(ImageBuildSpec spec) {
        Cache cache = spec.cache();
        return cache == null ? null : cache.volume();
    }

    /**
     * What the next pod of a platform uses.
     *
     * @param failedAttempts before it in the run; an attempt that could not use its volume is followed by one without
     * @return null without a volume in the spec
     */
    static PlatformStatus.@Nullable CacheVolume assigned(
            ObservedBuild build, String platform, List<FailureReason> failedAttempts) {
        CacheVolume wanted = wanted(build.spec());
        if (wanted == null) {
            return null;
        }
        String name = current(build, platform, wanted).map(CacheClaim::name).orElseGet(() -> freeName(build, platform));
        return failedAttempts.contains(FailureReason.CacheVolumeUnavailable)
                ? new PlatformStatus.CacheVolume(
                        null,
                        VolumeState.Unavailable,
                        "PersistentVolumeClaim " + name + " could not be used by an attempt before. Annotation "
                                + ImageBuild.EMPTY_CACHE_ANNOTATION + " gives it up.")
                : new PlatformStatus.CacheVolume(name, null, null);
    }

    /** The pod that keeps a platform's next pod from using the volume: another one of the platform, whatever run it is of. */
    static Optional<WorkerPod> holder(ObservedBuild build, PlatformStatus platform) {
        PlatformStatus.CacheVolume volume = platform.cacheVolume();
        return volume == null || volume.claimName() == null
                ? Optional.empty()
                : build.pods().stream()
                        .filter(pod -> pod.platform().equals(platform.platform())
                                && !pod.name().equals(platform.podName())
                                && OlderRuns.isAlive(pod))
                        .findFirst();
    }

    static boolean isHeld(PlatformStatus platform) {
        return IN_USE.equals(platform.reason());
    }

    /** Names of the claims to delete now: given up by request, replaced by another one, or not asked for any more. */
    static List<String> useless(ObservedBuild build) {
        ObservedBuild current = build.ofRun();
        boolean all = Requests.emptyCache(build).isPresent();
        return usable(build)
                .filter(claim -> all || isUseless(current, claim))
                .map(CacheClaim::name)
                .toList();
    }

    /** Claims that should go with the ImageBuild and would stay, or the other way round. */
    static Optional<Decision.OwnClaims> misowned(ObservedBuild build) {
        CacheVolume wanted = wanted(build.ofRun().spec());
        if (wanted == null) {
            return Optional.empty();
        }
        boolean owned = wanted.retention() != Retention.Retain;
        CacheClaim.Owner right = owned ? CacheClaim.Owner.Build : CacheClaim.Owner.Nobody;
        List<String> names = usable(build)
                .filter(claim -> claim.owner() != right)
                .map(CacheClaim::name)
                .toList();
        return names.isEmpty() ? Optional.empty() : Optional.of(new Decision.OwnClaims(names, owned));
    }

    /** A request is handled once no pod can get one of the volumes that there were. */
    static ImageBuildStatus emptied(ObservedBuild build, ImageBuildStatus status) {
        Optional<String> request = Requests.emptyCache(build);
        return request.isPresent() && usable(build).findAny().isEmpty()
                ? ImageBuildStatusBuilder.builder(status)
                        .lastHandledEmptyCacheAt(request.get())
                        .build()
                : status;
    }

    private static boolean isUseless(ObservedBuild build, CacheClaim claim) {
        CacheVolume wanted = wanted(build.spec());
        if (wanted == null || RequestedPlatforms.of(build.spec()).stream().noneMatch(claim::isOf)) {
            return claim.owner() == CacheClaim.Owner.Build;
        }
        return current(build, claim.platform(), wanted)
                .filter(used -> used.name().equals(claim.name()))
                .isEmpty();
    }

    /** The oldest one that is what the spec asks for. */
    private static Optional<CacheClaim> current(ObservedBuild build, String platform, CacheVolume wanted) {
        return usable(build)
                .filter(claim -> claim.isOf(platform) && claim.request().equals(CacheVolumeClaim.request(wanted)))
                .min(Comparator.comparing(CacheClaim::created).thenComparing(CacheClaim::name));
    }

    private static String freeName(ObservedBuild build, String platform) {
        return IntStream.iterate(1, number -> number + 1)
                .mapToObj(number -> CacheVolumeClaim.name(build.identity().name(), platform, number))
                .filter(name ->
                        build.claims().stream().noneMatch(claim -> claim.name().equals(name)))
                .findFirst()
                .orElseThrow();
    }

    private static Stream<CacheClaim> usable(ObservedBuild build) {
        return build.claims().stream().filter(CacheClaim::isUsable);
    }
}
