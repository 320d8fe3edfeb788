package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.status.BuildIdentity;
import build.kiln.operator.worker.PodWarning;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The API server, through its client. */
final class KubernetesApi implements ClusterApi {
    private final KubernetesClient client;

    KubernetesApi(KubernetesClient client) {
        this.client = client;
    }

    @Override
    public ImageBuild updateStatus(ImageBuild build) {
        return client.resource(build)
                .lockResourceVersion(build.getMetadata().getResourceVersion())
                .updateStatus();
    }

    @Override
    public Optional<ImageBuild> build(BuildIdentity build) {
        return Optional.ofNullable(client.resources(ImageBuild.class)
                .inNamespace(build.namespace())
                .withName(build.name())
                .get());
    }

    @Override
    public void deleteBuild(ImageBuild build) {
        client.resource(build)
                .lockResourceVersion(build.getMetadata().getResourceVersion())
                .delete();
    }

    @Override
    public Pod createPod(Pod pod) {
        return client.resource(pod).create();
    }

    @Override
    public Optional<Pod> pod(BuildIdentity build, String name) {
        return Optional.ofNullable(
                client.pods().inNamespace(build.namespace()).withName(name).get());
    }

    @Override
    public Map<String, List<PodWarning>> podWarnings(String namespace) {
        return new PodWarningList(client).of(namespace);
    }

    @Override
    public void deletePod(BuildIdentity build, String name) {
        client.pods().inNamespace(build.namespace()).withName(name).delete();
    }

    @Override
    public PersistentVolumeClaim createClaim(PersistentVolumeClaim claim) {
        return client.resource(claim).create();
    }

    @Override
    public Optional<PersistentVolumeClaim> claim(BuildIdentity build, String name) {
        return Optional.ofNullable(client.persistentVolumeClaims()
                .inNamespace(build.namespace())
                .withName(name)
                .get());
    }

    @Override
    public PersistentVolumeClaim updateClaim(PersistentVolumeClaim claim) {
        return client.resource(claim)
                .lockResourceVersion(claim.getMetadata().getResourceVersion())
                .update();
    }

    @Override
    public void deleteClaim(PersistentVolumeClaim claim) {
        client.resource(claim)
                .lockResourceVersion(claim.getMetadata().getResourceVersion())
                .delete();
    }

    @Override
    public Optional<ConfigMap> configMap(BuildIdentity build, String name) {
        return Optional.ofNullable(client.configMaps()
                .inNamespace(build.namespace())
                .withName(name)
                .get());
    }

    @Override
    public void createConfigMap(ConfigMap configMap) {
        client.resource(configMap).create();
    }

    @Override
    public void updateConfigMap(ConfigMap configMap) {
        client.resource(configMap)
                .lockResourceVersion(configMap.getMetadata().getResourceVersion())
                .update();
    }
}
