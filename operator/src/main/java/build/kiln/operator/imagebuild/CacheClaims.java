package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.CacheVolume;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfCreation;
import build.kiln.operator.status.BuildIdentity;
import build.kiln.operator.worker.CacheVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The PersistentVolumeClaims of one build during one reconciliation: what the cache has, what this reconciliation itself created
 * or deleted, and the acts on them in the API server.
 */
final class CacheClaims {
    private final ClusterApi api;
    private final Consumer<PersistentVolumeClaim> cache;
    private final Map<String, PersistentVolumeClaim> written = new HashMap<>();
    private final Set<String> deleted = new HashSet<>();

    /**
     * @param api the API server
     * @param cache is told of new and changed claims
     */
    CacheClaims(ClusterApi api, Consumer<PersistentVolumeClaim> cache) {
        this.api = api;
        this.cache = cache;
    }

    /** The claims as they are after what was done. */
    List<CacheClaim> observe(ImageBuild build, Collection<PersistentVolumeClaim> cached) {
        Map<String, PersistentVolumeClaim> found = new LinkedHashMap<>();
        cached.forEach(claim -> found.put(claim.getMetadata().getName(), claim));
        found.putAll(written);
        return found.values().stream()
                .map(claim -> CacheClaim.of(build, claim))
                .map(claim -> deleted.contains(claim.name()) ? claim.deleted() : claim)
                .toList();
    }

    /**
     * Lets a claim be there.
     *
     * @return why it cannot be; empty when it is
     */
    Optional<Diagnosis> ensure(ImageBuild build, String platform, String name) {
        CacheVolume wanted = Objects.requireNonNull(
                CacheVolumes.wanted(build.getSpec()), "a claim is assigned where the spec asks for a volume");
        try {
            wrote(api.createClaim(CacheVolumeClaim.create(build, platform, name, wanted)));
            return Optional.empty();
        } catch (KubernetesClientException e) {
            return e.getCode() == HttpURLConnection.HTTP_CONFLICT
                    ? existing(build, name, wanted)
                    : Optional.of(CreationRefusal.of(
                            e,
                            "PersistentVolumeClaim of the cache volume",
                            "Wait for other volumes to be deleted, raise the quota, or lower spec.cache.volume.size."));
        }
    }

    /** Deletes claims; those that are gone already are as good. A pod that uses one keeps it until it has ended. */
    void delete(ImageBuild build, List<String> names) {
        for (String name : names) {
            Optional<PersistentVolumeClaim> claim = api.claim(BuildIdentity.of(build), name)
                    .filter(current -> CacheClaim.of(build, current).isUsable());
            if (claim.isPresent()) {
                api.deleteClaim(claim.get());
            }
            deleted.add(name);
        }
    }

    /** Lets claims go with the build, or stay without it. */
    void own(ImageBuild build, List<String> names, boolean owned) {
        for (String name : names) {
            Optional<PersistentVolumeClaim> claim = api.claim(BuildIdentity.of(build), name)
                    .filter(current -> CacheClaim.of(build, current).isUsable());
            if (claim.isEmpty()) {
                deleted.add(name);
                continue;
            }
            wrote(api.updateClaim(new PersistentVolumeClaimBuilder(claim.get())
                    .editMetadata()
                    .withOwnerReferences(CacheVolumeClaim.owners(build, owned))
                    .endMetadata()
                    .build()));
        }
    }

    private void wrote(PersistentVolumeClaim claim) {
        synchronized (written) {
            written.put(claim.getMetadata().getName(), claim);
        }
        cache.accept(claim);
    }

    private Optional<Diagnosis> existing(ImageBuild build, String name, CacheVolume wanted) {
        Optional<PersistentVolumeClaim> existing = api.claim(BuildIdentity.of(build), name);
        if (existing.isPresent()) {
            CacheClaim claim = CacheClaim.of(build, existing.get());
            if (claim.isUsable() && claim.request().equals(CacheVolumeClaim.request(wanted))) {
                wrote(existing.get());
                return Optional.empty();
            }
        }
        return Optional.of(Diagnosis.of(
                OfCreation.NAME_TAKEN,
                "PersistentVolumeClaim " + name + " of the cache volume cannot be created yet: "
                        + (existing.isPresent()
                                ? "one of that name is another object's, or is being deleted; delete it if nothing"
                                        + " removes it"
                                : "the API server reported a conflict")));
    }
}
