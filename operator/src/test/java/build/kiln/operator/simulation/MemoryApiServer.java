package build.kiln.operator.simulation;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** As much of an API server as builds and pods need. What is stored is never changed in place. */
final class MemoryApiServer {
    private static final long GRACE_MILLIS = 10_000;

    final Table<ImageBuild> builds = new Table<>();
    final Table<Pod> pods = new Table<>();
    final Table<ConfigMap> configMaps = new Table<>();
    final Table<PersistentVolumeClaim> claims = new Table<>();
    private final LongSupplier clock;
    private long revision = 1000;
    private int uids;

    MemoryApiServer(LongSupplier clock) {
        this.clock = clock;
    }

    /** What the API server answers instead of doing it. */
    static KubernetesClientException answer(int code, String message) {
        return new KubernetesClientException(
                message,
                code,
                new StatusBuilder().withCode(code).withMessage(message).build());
    }

    // Builds

    ImageBuild createBuild(String namespace, String name, ImageBuildSpec spec) {
        ImageBuild build = new ImageBuild();
        build.setMetadata(new ObjectMetaBuilder()
                .withNamespace(namespace)
                .withName(name)
                .withUid("build-" + ++uids)
                .withGeneration(1L)
                .withCreationTimestamp(now())
                .withResourceVersion(nextRevision())
                .build());
        build.setSpec(spec);
        builds.put(build);
        return build;
    }

    void updateSpec(ImageBuild current, ImageBuildSpec spec) {
        boolean same = spec.equals(current.getSpec());
        ObjectMeta metadata = metadata(current.getMetadata());
        if (!same) {
            metadata.setGeneration(metadata.getGeneration() + 1);
            store(metadata, spec, current.getStatus());
        }
    }

    void updateMetadata(ImageBuild current, Consumer<ObjectMeta> change) {
        ObjectMeta metadata = metadata(current.getMetadata());
        change.accept(metadata);
        store(metadata, current.getSpec(), current.getStatus());
    }

    ImageBuild updateStatus(ImageBuild build, boolean locked) {
        ImageBuild current = builds.get(Table.key(build));
        if (current == null) {
            throw answer(404, "imagebuilds.kiln.build \"" + Table.key(build) + "\" not found");
        }
        boolean same = Objects.equals(
                        build.getMetadata().getUid(), current.getMetadata().getUid())
                && Objects.equals(
                        build.getMetadata().getResourceVersion(),
                        current.getMetadata().getResourceVersion());
        if (locked && !same) {
            throw answer(409, "the object has been modified");
        }
        return Objects.equals(build.getStatus(), current.getStatus())
                ? current
                : store(metadata(current.getMetadata()), current.getSpec(), build.getStatus());
    }

    /** Deletes a build as it was read, and not any later version of it. */
    void deleteBuild(ImageBuild build) {
        ImageBuild current = builds.get(Table.key(build));
        if (current == null) {
            throw answer(404, "imagebuilds.kiln.build \"" + Table.key(build) + "\" not found");
        }
        if (!build.getMetadata()
                .getResourceVersion()
                .equals(current.getMetadata().getResourceVersion())) {
            throw answer(409, "the object has been modified");
        }
        removeBuild(Table.key(build));
    }

    void removeBuild(String key) {
        ImageBuild build = builds.get(key);
        configMaps.all().stream()
                .filter(map -> build != null
                        && map.getMetadata()
                                .getOwnerReferences()
                                .getFirst()
                                .getUid()
                                .equals(build.getMetadata().getUid()))
                .forEach(map -> configMaps.remove(Table.key(map), Long.parseLong(nextRevision())));
        builds.remove(key, Long.parseLong(nextRevision()));
        claims.all().stream()
                .filter(claim -> build != null
                        && claim.getMetadata().getOwnerReferences().stream()
                                .anyMatch(owner -> owner.getUid()
                                        .equals(build.getMetadata().getUid())))
                .forEach(this::removeClaim);
    }

    // PersistentVolumeClaims

    PersistentVolumeClaim createClaim(PersistentVolumeClaim claim) {
        if (claims.get(Table.key(claim)) != null) {
            throw answer(409, "persistentvolumeclaims \"" + claim.getMetadata().getName() + "\" already exists");
        }
        return store(new PersistentVolumeClaimBuilder(claim)
                .editMetadata()
                .withUid("claim-" + ++uids)
                .withCreationTimestamp(now())
                .endMetadata()
                .build());
    }

    PersistentVolumeClaim updateClaim(PersistentVolumeClaim claim) {
        requireCurrent(claim);
        return store(claim);
    }

    void deleteClaim(PersistentVolumeClaim claim) {
        requireCurrent(claim);
        removeClaim(claim);
    }

    /** A claim that a pod mounts stays until no pod does. */
    private void removeClaim(PersistentVolumeClaim claim) {
        String namespace = claim.getMetadata().getNamespace();
        boolean used = pods.all().stream()
                .anyMatch(pod -> pod.getMetadata().getNamespace().equals(namespace)
                        && claim.getMetadata().getName().equals(claimName(pod)));
        if (!used) {
            claims.remove(Table.key(claim), Long.parseLong(nextRevision()));
        } else if (claim.getMetadata().getDeletionTimestamp() == null) {
            store(new PersistentVolumeClaimBuilder(claim)
                    .editMetadata()
                    .withDeletionTimestamp(now())
                    .endMetadata()
                    .build());
        }
    }

    private void requireCurrent(PersistentVolumeClaim claim) {
        PersistentVolumeClaim current = claims.get(Table.key(claim));
        if (current == null) {
            throw answer(404, "persistentvolumeclaims \"" + claim.getMetadata().getName() + "\" not found");
        }
        if (!current.getMetadata()
                .getResourceVersion()
                .equals(claim.getMetadata().getResourceVersion())) {
            throw answer(409, "the object has been modified");
        }
    }

    private PersistentVolumeClaim store(PersistentVolumeClaim claim) {
        PersistentVolumeClaim stored = new PersistentVolumeClaimBuilder(claim)
                .editMetadata()
                .withResourceVersion(nextRevision())
                .endMetadata()
                .build();
        claims.put(stored);
        // The garbage collector: a late write may come after its owner's end.
        boolean garbage = stored.getMetadata().getOwnerReferences().stream()
                .anyMatch(owner -> builds.all().stream()
                        .noneMatch(build -> build.getMetadata().getUid().equals(owner.getUid())));
        if (garbage && stored.getMetadata().getDeletionTimestamp() == null) {
            removeClaim(stored);
        }
        return stored;
    }

    static @Nullable String claimName(Pod pod) {
        return pod.getSpec().getVolumes().stream()
                .map(Volume::getPersistentVolumeClaim)
                .filter(Objects::nonNull)
                .map(PersistentVolumeClaimVolumeSource::getClaimName)
                .findFirst()
                .orElse(null);
    }

    // ConfigMaps

    ConfigMap createConfigMap(ConfigMap configMap) {
        if (configMaps.get(Table.key(configMap)) != null) {
            throw answer(409, "configmaps \"" + configMap.getMetadata().getName() + "\" already exists");
        }
        return store(configMap);
    }

    ConfigMap updateConfigMap(ConfigMap configMap) {
        ConfigMap current = configMaps.get(Table.key(configMap));
        if (current == null) {
            throw answer(404, "configmaps \"" + configMap.getMetadata().getName() + "\" not found");
        }
        if (!current.getMetadata()
                .getResourceVersion()
                .equals(configMap.getMetadata().getResourceVersion())) {
            throw answer(409, "the object has been modified");
        }
        return store(configMap);
    }

    /** What belongs to nobody is collected, also when somebody who did not know creates it late. */
    void collectConfigMaps() {
        Set<String> owners =
                builds.all().stream().map(build -> build.getMetadata().getUid()).collect(Collectors.toSet());
        configMaps.all().stream()
                .filter(map -> !owners.contains(
                        map.getMetadata().getOwnerReferences().getFirst().getUid()))
                .forEach(map -> configMaps.remove(Table.key(map), Long.parseLong(nextRevision())));
    }

    private ConfigMap store(ConfigMap configMap) {
        ConfigMap stored = new ConfigMapBuilder(configMap)
                .editMetadata()
                .withResourceVersion(nextRevision())
                .endMetadata()
                .build();
        configMaps.put(stored);
        return stored;
    }

    // Pods

    Pod createPod(Pod pod) {
        if (pods.get(Table.key(pod)) != null) {
            throw answer(409, "pods \"" + pod.getMetadata().getName() + "\" already exists");
        }
        ObjectMeta metadata = metadata(pod.getMetadata());
        metadata.setUid("pod-" + ++uids);
        metadata.setCreationTimestamp(now());
        return store(metadata, pod.getSpec(), new PodStatus());
    }

    /** A pod without a node goes at once, any other one when its kubelet has ended it. */
    void deletePod(String key) {
        Pod pod = pods.get(key);
        if (pod == null || pod.getMetadata().getDeletionTimestamp() != null) {
            return;
        }
        if (pod.getSpec().getNodeName() == null) {
            removePod(key);
            return;
        }
        ObjectMeta metadata = metadata(pod.getMetadata());
        metadata.setDeletionTimestamp(
                Instant.ofEpochMilli(clock.getAsLong() + GRACE_MILLIS).toString());
        store(metadata, pod.getSpec(), pod.getStatus());
    }

    Pod updatePod(Pod current, PodSpec spec, PodStatus status) {
        return store(metadata(current.getMetadata()), spec, status);
    }

    void removePod(String key) {
        pods.remove(key, Long.parseLong(nextRevision()));
        claims.all().stream()
                .filter(claim -> claim.getMetadata().getDeletionTimestamp() != null)
                .forEach(this::removeClaim);
    }

    /** The garbage collector: what belongs to an object that is gone, or is going, goes too. */
    boolean isGarbage(Pod pod) {
        String uid = owner(pod).getUid();
        ImageBuild owner = owner(builds, pod);
        return owner == null || !uid.equals(owner.getMetadata().getUid()) || owner.isMarkedForDeletion();
    }

    static @Nullable ImageBuild owner(Table<ImageBuild> builds, Pod pod) {
        return builds.get(pod.getMetadata().getNamespace() + "/" + owner(pod).getName());
    }

    static OwnerReference owner(Pod pod) {
        return pod.getMetadata().getOwnerReferences().getFirst();
    }

    String now() {
        return Instant.ofEpochSecond(clock.getAsLong() / 1000).toString();
    }

    private ImageBuild store(ObjectMeta metadata, ImageBuildSpec spec, @Nullable ImageBuildStatus status) {
        ImageBuild stored = new ImageBuild();
        metadata.setResourceVersion(nextRevision());
        stored.setMetadata(metadata);
        stored.setSpec(spec);
        stored.setStatus(status);
        builds.put(stored);
        return stored;
    }

    private Pod store(ObjectMeta metadata, PodSpec spec, PodStatus status) {
        metadata.setResourceVersion(nextRevision());
        Pod stored = new Pod("v1", "Pod", metadata, spec, status);
        pods.put(stored);
        return stored;
    }

    private static ObjectMeta metadata(ObjectMeta current) {
        return new ObjectMetaBuilder(current).build();
    }

    private String nextRevision() {
        return Long.toString(++revision);
    }
}
