package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ResultConfigMap;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfResult;
import build.kiln.operator.status.BuildIdentity;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.Objects;
import java.util.Optional;

/** ConfigMaps with the result of a build, in the API server. One that the build does not own is never written. */
final class ResultConfigMaps {
    private static final int UNPROCESSABLE = 422;

    private final ClusterApi api;

    ResultConfigMaps(ClusterApi api) {
        this.api = api;
    }

    /**
     * Lets the ConfigMap that the spec names, if it does, say what was published.
     *
     * @return why it cannot be; empty when it does
     */
    Optional<Diagnosis> write(ImageBuild build, PublishedResult result) {
        ResultConfigMap wanted = build.getSpec().output().resultConfigMap();
        if (wanted == null) {
            return Optional.empty();
        }
        ConfigMap desired = result.configMap(build, wanted.name());
        try {
            Optional<ConfigMap> existing = api.configMap(BuildIdentity.of(build), wanted.name());
            if (existing.isEmpty()) {
                api.createConfigMap(desired);
                return Optional.empty();
            }
            return updated(build, existing.get(), desired);
        } catch (KubernetesClientException e) {
            return switch (e.getCode()) {
                // Somebody else was here between the look and the write: the next try sees what there is then.
                case HttpURLConnection.HTTP_CONFLICT,
                        HttpURLConnection.HTTP_FORBIDDEN,
                        HttpURLConnection.HTTP_NOT_FOUND,
                        UNPROCESSABLE -> Optional.of(refused(wanted, e));
                default -> throw e;
            };
        }
    }

    private Optional<Diagnosis> updated(ImageBuild build, ConfigMap existing, ConfigMap desired) {
        if (!WorkerPods.isOwned(build, existing)) {
            return Optional.of(Diagnosis.of(
                    OfResult.NAME_TAKEN,
                    "spec.output.resultConfigMap: the image is published, but ConfigMap "
                            + desired.getMetadata().getName() + " is not this ImageBuild's and was left as it is.\n"
                            + "Delete it, or write another name"));
        }
        if (!Objects.equals(existing.getData(), desired.getData())) {
            desired.getMetadata().setResourceVersion(existing.getMetadata().getResourceVersion());
            api.updateConfigMap(desired);
        }
        return Optional.empty();
    }

    private static Diagnosis refused(ResultConfigMap wanted, KubernetesClientException e) {
        String cause = e.getStatus() == null ? e.getMessage() : e.getStatus().getMessage();
        return Diagnosis.of(
                OfResult.REFUSED,
                "spec.output.resultConfigMap: the API server refused ConfigMap " + wanted.name() + ": "
                        + Objects.requireNonNullElse(cause, "no reason was given"));
    }
}
