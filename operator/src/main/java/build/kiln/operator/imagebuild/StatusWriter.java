package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.operator.metrics.BuildMetrics;
import build.kiln.operator.status.BuildIdentity;
import build.kiln.operator.status.Transition;
import build.kiln.operator.status.Transitions;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place that writes status. Every write is bound to the version that the decision was made on: a second operator, a
 * stale cache or a change of the spec in between make it fail, never overwrite.
 */
final class StatusWriter {
    private static final Logger LOG = LoggerFactory.getLogger(StatusWriter.class);

    private final ClusterApi api;
    private final BiConsumer<ImageBuild, List<Transition>> events;
    private final BuildMetrics metrics;

    StatusWriter(ClusterApi api, BiConsumer<ImageBuild, List<Transition>> events, BuildMetrics metrics) {
        this.api = api;
        this.events = events;
        this.metrics = metrics;
    }

    /**
     * Writes, and tells what happened.
     *
     * @return the object to go on with: as written, or as somebody else changed it; empty when it is gone
     */
    Optional<ImageBuild> write(ImageBuild build, ImageBuildStatus status, ClusterCache cache) {
        ImageBuild changed = new ImageBuild();
        changed.setMetadata(build.getMetadata());
        changed.setSpec(build.getSpec());
        changed.setStatus(status);
        ImageBuild written;
        try {
            written = api.updateStatus(changed);
        } catch (KubernetesClientException e) {
            return switch (e.getCode()) {
                case HttpURLConnection.HTTP_CONFLICT -> api.build(BuildIdentity.of(build));
                case HttpURLConnection.HTTP_NOT_FOUND -> Optional.empty();
                default -> throw e;
            };
        }
        cache.updated(written, build);
        tell(build, status);
        return Optional.of(written);
    }

    private void tell(ImageBuild build, ImageBuildStatus status) {
        ImageBuildStatus before = build.getStatus() == null ? ImageBuildStatus.empty() : build.getStatus();
        List<Transition> transitions = Transitions.between(before, status);
        events.accept(build, transitions);
        metrics.record(before, status);
        for (Transition transition : transitions) {
            var line = LOG.atInfo()
                    .addKeyValue("namespace", build.getMetadata().getNamespace())
                    .addKeyValue("name", build.getMetadata().getName())
                    .addKeyValue("run", status.run() == null ? 0 : status.run().number())
                    .addKeyValue("event", transition.reason());
            if (transition.platform() != null) {
                line = line.addKeyValue("platform", transition.platform());
            }
            line.log(transition.note());
        }
    }
}
