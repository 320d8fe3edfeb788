package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.BuildSecret;
import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.protocol.WorkerPaths;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.fabric8.kubernetes.api.model.VolumeProjectionBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Volumes of a worker pod, and which container sees which: Secrets only the one that runs no RUN step. */
final class WorkerVolumes {
    /**
     * Secrets are readable for every user of the one container that mounts them, because the pod sets no fsGroup: that would
     * give BuildKit's state volume a set-group-id folder, and the group would end up in the layers of the image.
     */
    private static final int SECRET_MODE = 0444;

    /** Name of the volume with the state of BuildKit. */
    static final String STATE = "state";

    /** Name of the volume with the registry Secrets, in the order of their numbers. */
    static final String DOCKER = "docker";

    /** Folder of the cache volume that the launcher makes the worker's own. */
    private static final String WORKER_FOLDER = "worker";

    private static final Quantity SOCKET_SIZE = new Quantity("1Mi");
    private static final Quantity RUN_SIZE = new Quantity("16Mi");
    private static final Quantity TWINS_SIZE = new Quantity("4Gi");
    private static final Quantity WORKER_TMP_SIZE = new Quantity("256Mi");

    private final List<Volume> volumes = new ArrayList<>();
    private final List<VolumeMount> buildkitdMounts = new ArrayList<>();
    private final List<VolumeMount> workerMounts = new ArrayList<>();

    /**
     * @param claimName PersistentVolumeClaim that holds the state; null for a volume of {@code stateSize} that goes with the pod
     * @param keepsLocal whether the worker has a folder on that claim
     */
    WorkerVolumes(
            Profile profile,
            Quantity stateSize,
            @Nullable String claimName,
            BuildCredentials credentials,
            List<BuildSecret> secrets,
            boolean keepsLocal) {
        String statePath = switch (profile) {
            case Baseline -> "/var/lib/buildkit";
            case Rootless -> "/home/user/.local/share/buildkit";
        };
        if (claimName == null) {
            emptyDir(STATE, stateSize, buildkitdMounts, statePath);
        } else {
            volumes.add(new VolumeBuilder()
                    .withName(STATE)
                    .withNewPersistentVolumeClaim(claimName, null)
                    .build());
            buildkitdMounts.add(mount(STATE, statePath, null));
            if (keepsLocal) {
                workerMounts.add(new VolumeMountBuilder(mount(STATE, WorkerPaths.LOCAL_CACHE, null))
                        .withSubPath(WORKER_FOLDER)
                        .build());
            }
        }
        emptyDir("run", RUN_SIZE, buildkitdMounts, "/run/kiln");
        emptyDir("socket", SOCKET_SIZE, buildkitdMounts, WorkerPaths.BUILDKIT_SOCKET_FOLDER);
        workerMounts.add(mount("socket", WorkerPaths.BUILDKIT_SOCKET_FOLDER, null));
        emptyDir("tmp", WORKER_TMP_SIZE, workerMounts, "/tmp");
        secret(DOCKER, WorkerPaths.DOCKER_CONFIGS, dockerConfigs(credentials));
        secret("secrets", WorkerPaths.SECRETS, buildSecrets(secrets));
        secret("git", WorkerPaths.GIT_CREDENTIALS, git(credentials.git()));
        secret("cache", WorkerPaths.CACHE_CREDENTIALS, caches(credentials));
    }

    /** Mounts the images where the launcher looks for them, each in a folder named after its place in the list. */
    void imagesOfTwins(List<String> images, String pullPolicy) {
        for (int i = 0; i < images.size(); i++) {
            volumes.add(new VolumeBuilder()
                    .withName("twins-" + i)
                    .withNewImage(pullPolicy, images.get(i))
                    .build());
            buildkitdMounts.add(mount("twins-" + i, TwinsMounts.FOLDER + "/" + i, true));
        }
    }

    /** A volume for copies of the images. */
    void copiesOfTwins() {
        volumes.add(new VolumeBuilder()
                .withName(TwinsMounts.VOLUME)
                .withNewEmptyDir()
                .withSizeLimit(TWINS_SIZE)
                .endEmptyDir()
                .build());
        buildkitdMounts.add(mount(TwinsMounts.VOLUME, TwinsMounts.FOLDER, true));
    }

    List<Volume> volumes() {
        return volumes;
    }

    List<VolumeMount> buildkitdMounts() {
        return buildkitdMounts;
    }

    List<VolumeMount> workerMounts() {
        return workerMounts;
    }

    private static List<VolumeProjection> dockerConfigs(BuildCredentials credentials) {
        List<VolumeProjection> sources = new ArrayList<>();
        for (BuildCredentials.DockerConfig config : credentials.dockerConfigs()) {
            String path = sources.size() + "/config.json";
            sources.add(source(config.secretName(), Map.of(BuildCredentials.DockerConfig.KEY, path)));
        }
        return sources;
    }

    private static List<VolumeProjection> buildSecrets(List<BuildSecret> secrets) {
        return secrets.stream()
                .map(secret -> source(
                        secret.secretKeyRef().name(),
                        Map.of(secret.secretKeyRef().key(), secret.id())))
                .toList();
    }

    private static List<VolumeProjection> git(BuildCredentials.@Nullable GitCredentials git) {
        return git == null
                ? List.of()
                : List.of(source(
                        git.secretName(),
                        Map.of(
                                BuildCredentials.GitCredentials.USERNAME_KEY, "username",
                                BuildCredentials.GitCredentials.PASSWORD_KEY, "password")));
    }

    private static List<VolumeProjection> caches(BuildCredentials credentials) {
        return credentials.caches().stream()
                .map(secret -> source(
                        secret.secretName(),
                        secret.keys().stream()
                                .collect(Collectors.toMap(key -> key, key -> secret.backend() + "/" + key))))
                .toList();
    }

    private static VolumeProjection source(String secretName, Map<String, String> keysToPaths) {
        List<KeyToPath> items = keysToPaths.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(item -> new KeyToPath(item.getKey(), null, item.getValue()))
                .toList();
        return new VolumeProjectionBuilder()
                .withNewSecret()
                .withName(secretName)
                .withItems(items)
                .endSecret()
                .build();
    }

    private void emptyDir(String name, Quantity size, List<VolumeMount> mounts, String path) {
        volumes.add(new VolumeBuilder()
                .withName(name)
                .withNewEmptyDir()
                .withSizeLimit(size)
                .endEmptyDir()
                .build());
        mounts.add(mount(name, path, null));
    }

    private void secret(String name, String path, List<VolumeProjection> sources) {
        if (sources.isEmpty()) {
            return;
        }
        volumes.add(new VolumeBuilder()
                .withName(name)
                .withNewProjected()
                .withDefaultMode(SECRET_MODE)
                .withSources(sources)
                .endProjected()
                .build());
        workerMounts.add(mount(name, path, true));
    }

    private static VolumeMount mount(String volume, String path, @Nullable Boolean readOnly) {
        return new VolumeMountBuilder()
                .withName(volume)
                .withMountPath(path)
                .withReadOnly(readOnly)
                .build();
    }
}
