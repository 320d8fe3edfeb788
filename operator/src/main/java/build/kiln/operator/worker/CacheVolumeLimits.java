package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.Cache;
import build.kiln.api.v1alpha1.CacheVolume;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.operator.config.OperatorConfiguration.CacheVolumes;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Objects;
import java.util.Optional;

/** What the administrator lets cache volumes be. */
final class CacheVolumeLimits {
    private CacheVolumeLimits() {}

    /** The volume that a spec asks for, where it does. */
    static CacheVolume volume(ImageBuildSpec spec) {
        Cache cache = Objects.requireNonNull(spec.cache(), "a claim is assigned where the spec asks for a volume");
        return Objects.requireNonNull(cache.volume(), "a claim is assigned where the spec asks for a volume");
    }

    /** Why a volume may not be; empty when it may. */
    static Optional<String> refusal(CacheVolumes limits, CacheVolume volume) {
        Quantity size = new Quantity(volume.size());
        if (size.getNumericalAmount().compareTo(limits.maxSize().getNumericalAmount()) > 0) {
            return Optional.of("spec.cache.volume.size: " + size + " is more than " + limits.maxSize()
                    + ", which the configuration of Kiln allows (chart value cacheVolumes.maxSize); write less");
        }
        String storageClass = volume.storageClassName();
        if (limits.storageClassNames().isEmpty() || limits.storageClassNames().contains(storageClass)) {
            return Optional.empty();
        }
        return Optional.of("spec.cache.volume.storageClassName: "
                + (storageClass == null ? "nothing is written there" : storageClass + " is not allowed")
                + "; write one of " + String.join(", ", limits.storageClassNames())
                + " (chart value cacheVolumes.storageClassNames)");
    }
}
