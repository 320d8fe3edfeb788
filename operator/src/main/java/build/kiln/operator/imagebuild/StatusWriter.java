package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.operator.metrics.BuildMetrics;
import build.kiln.operator.status.EventRecorder;
import build.kiln.operator.status.Transition;
import build.kiln.operator.status.Transitions;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place that writes status. Every write is bound to the version that the decision was made on: a second operator, a
 * stale cache or a change of the spec in between make it fail, never overwrite.
 */
final class StatusWriter {
    private static final Logger LOG = LoggerFactory.getLogger(StatusWriter.class);

    private final KubernetesClient client;
    private final EventRecorder events;
    private final BuildMetrics metrics;

    StatusWriter(KubernetesClient client, EventRecorder events, BuildMetrics metrics) {
        this.client = client;
        this.events = events;
        this.metrics = metrics;
    }

    /**
     * Writes, and tells what happened.
     *
     * @return the object to go on with: as written, or as somebody else changed it; empty when it is gone
     */
    Optional<ImageBuild> write(ImageBuild build, ImageBuildStatus status, Context<ImageBuild> context) {
        ImageBuild changed = new ImageBuild();
        changed.setMetadata(build.getMetadata());
        changed.setSpec(build.getSpec());
        changed.setStatus(status);
        ImageBuild written;
        try {
            written = client.resource(changed)
                    .lockResourceVersion(build.getMetadata().getResourceVersion())
                    .updateStatus();
        } catch (KubernetesClientException e) {
            return switch (e.getCode()) {
                case HttpURLConnection.HTTP_CONFLICT ->
                    Optional.ofNullable(client.resource(build).get());
                case HttpURLConnection.HTTP_NOT_FOUND -> Optional.empty();
                default -> throw e;
            };
        }
        // Until the watch brings the object, the next pass must not see the version before.
        context.eventSourceRetriever()
                .getControllerEventSource()
                .handleRecentResourceUpdate(ResourceID.fromResource(written), written, build);
        tell(build, status);
        return Optional.of(written);
    }

    private void tell(ImageBuild build, ImageBuildStatus status) {
        ImageBuildStatus before = build.getStatus() == null ? ImageBuildStatus.empty() : build.getStatus();
        List<Transition> transitions = Transitions.between(before, status);
        events.record(build, transitions);
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
