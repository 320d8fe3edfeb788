package build.kiln.operator.simulation;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.imagebuild.ClusterApi;
import build.kiln.operator.status.BuildIdentity;
import build.kiln.operator.worker.PodWarning;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The API server as one operator reaches it: anything may happen before a call arrives, instead of it, and after it. */
final class FaultyApi implements ClusterApi {
    private static final int[] REFUSALS = {429, 500, 503, 409};

    private final World world;
    private final Sabotage sabotage;

    FaultyApi(World world, Sabotage sabotage) {
        this.world = world;
        this.sabotage = sabotage;
    }

    @Override
    public ImageBuild updateStatus(ImageBuild build) {
        return write(() -> {
            ImageBuild before = world.api().builds.get(Table.key(build));
            ImageBuild after = world.api().updateStatus(build, sabotage != Sabotage.WRITES_WITHOUT_LOCK);
            if (before != null && isNewer(after, before)) {
                world.log("status:", Describe.status(after));
                world.rules().statusWritten(before, after);
            }
            return after;
        });
    }

    @Override
    public Optional<ImageBuild> build(BuildIdentity build) {
        return read(() -> world.api().builds.get(build.namespace() + "/" + build.name()));
    }

    @Override
    public Pod createPod(Pod pod) {
        return write(() -> {
            if (world.strikes(Fault.QUOTAS, 20)) {
                throw MemoryApiServer.answer(403, "pods is forbidden: exceeded quota: pods, limited: pods=10");
            }
            Pod created = world.api().createPod(sabotage == Sabotage.RANDOM_POD_NAMES ? world.renamed(pod) : pod);
            world.log("pod created:", Table.key(created));
            world.rules().podCreated(created);
            return created;
        });
    }

    @Override
    public Optional<Pod> pod(BuildIdentity build, String name) {
        return read(() -> world.api().pods.get(build.namespace() + "/" + name));
    }

    @Override
    public Map<String, List<PodWarning>> podWarnings(String namespace) {
        return read(() -> world.machines().warnings(namespace)).orElseThrow();
    }

    @Override
    public void deletePod(BuildIdentity build, String name) {
        if (sabotage == Sabotage.PODS_STAY) {
            return;
        }
        write(() -> {
            world.log("pod deleted:", build.namespace() + "/" + name);
            world.api().deletePod(build.namespace() + "/" + name);
            return name;
        });
    }

    @Override
    public PersistentVolumeClaim createClaim(PersistentVolumeClaim claim) {
        return write(() -> {
            if (world.strikes(Fault.QUOTAS, 20)) {
                throw MemoryApiServer.answer(403, "persistentvolumeclaims is forbidden: exceeded quota: volumes");
            }
            PersistentVolumeClaim created = world.api().createClaim(claim);
            world.log("claim created:", Table.key(created));
            return created;
        });
    }

    @Override
    public Optional<PersistentVolumeClaim> claim(BuildIdentity build, String name) {
        return read(() -> world.api().claims.get(build.namespace() + "/" + name));
    }

    @Override
    public PersistentVolumeClaim updateClaim(PersistentVolumeClaim claim) {
        return write(() -> world.api().updateClaim(claim));
    }

    @Override
    public void deleteClaim(PersistentVolumeClaim claim) {
        write(() -> {
            world.log("claim deleted:", Table.key(claim));
            world.api().deleteClaim(claim);
            return claim;
        });
    }

    @Override
    public void deleteBuild(ImageBuild build) {
        write(() -> {
            world.api().deleteBuild(build);
            return build;
        });
    }

    @Override
    public Optional<ConfigMap> configMap(BuildIdentity build, String name) {
        return read(() -> world.api().configMaps.get(build.namespace() + "/" + name));
    }

    @Override
    public void createConfigMap(ConfigMap configMap) {
        write(() -> world.api().createConfigMap(configMap));
    }

    @Override
    public void updateConfigMap(ConfigMap configMap) {
        write(() -> world.api().updateConfigMap(configMap));
    }

    /** A write that changes nothing leaves the version as it was. */
    private static boolean isNewer(ImageBuild after, ImageBuild before) {
        return !Objects.equals(
                after.getMetadata().getResourceVersion(), before.getMetadata().getResourceVersion());
    }

    private <T> Optional<T> read(Supplier<@Nullable T> effect) {
        arrive();
        return Optional.ofNullable(effect.get());
    }

    private <T> T write(Supplier<T> effect) {
        arrive();
        if (world.strikes(Fault.LOST_ANSWERS, 40)) {
            if (world.random().nextBoolean()) {
                T stored = effect.get();
                world.log("it had its effect:", stored);
            }
            throw noAnswer("the answer was lost");
        }
        if (world.strikes(Fault.LATE_WRITES, 60)) {
            world.later(effect);
            throw noAnswer("timeout");
        }
        T result = effect.get();
        world.pause();
        return result;
    }

    private void arrive() {
        world.pause();
        if (world.apiIsDown()) {
            throw noAnswer("connection refused");
        }
        if (world.strikes(Fault.REFUSED_CALLS, 30)) {
            int code = REFUSALS[world.random().nextInt(REFUSALS.length)];
            throw MemoryApiServer.answer(code, "the API server is not well");
        }
    }

    private static KubernetesClientException noAnswer(String why) {
        return new KubernetesClientException(why);
    }
}
