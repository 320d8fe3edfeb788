package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.operator.worker.WorkerLabels;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What was published, for tools that roll it out.
 *
 * @param repository without tag or digest
 * @param digest of the image
 * @param tags that point at it
 * @param commit it was built from; null for a source without commits
 */
record PublishedResult(
        String repository,
        String digest,
        List<String> tags,
        @Nullable String commit) {

    /** With this label, Flux rolls a change out at once instead of at its next look. */
    private static final String FLUX_WATCH = "reconcile.fluxcd.io/watch";

    /** What the status says was published last. */
    static Optional<PublishedResult> of(ImageBuildStatus status) {
        String image = status.image();
        if (image == null || status.run() == null) {
            return Optional.empty();
        }
        int at = image.indexOf('@');
        return Optional.of(new PublishedResult(
                image.substring(0, at),
                image.substring(at + 1),
                Objects.requireNonNullElse(status.tags(), List.of()),
                status.run().commit()));
    }

    ConfigMap configMap(ImageBuild build, String name) {
        Map<String, String> data = new LinkedHashMap<>();
        data.put("image", repository + "@" + digest);
        data.put("repository", repository);
        data.put("digest", digest);
        data.put("tags", String.join(",", tags));
        if (commit != null) {
            data.put("commit", commit);
        }
        String owner = build.getMetadata().getName();
        return new ConfigMapBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(build.getMetadata().getNamespace())
                .addToLabels("app.kubernetes.io/managed-by", "kiln")
                .addToLabels(WorkerLabels.BUILD, WorkerLabels.buildValue(owner))
                .addToLabels(FLUX_WATCH, "Enabled")
                .addNewOwnerReference()
                .withApiVersion(ImageBuild.GROUP + "/" + ImageBuild.VERSION)
                .withKind("ImageBuild")
                .withName(owner)
                .withUid(build.getMetadata().getUid())
                .withController(true)
                .endOwnerReference()
                .endMetadata()
                .withData(data)
                .build();
    }
}
