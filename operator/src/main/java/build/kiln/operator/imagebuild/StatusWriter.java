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
import java.util.Objects;
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

    private static final int MOST_TRIES = 10;

    private final ClusterApi api;
    private final BiConsumer<ImageBuild, List<Transition>> events;
    private final BuildMetrics metrics;

    StatusWriter(ClusterApi api, BiConsumer<ImageBuild, List<Transition>> events, BuildMetrics metrics) {
        this.api = api;
        this.events = events;
        this.metrics = metrics;
    }

    /**
     * Writes, and tells what happened. A version in which others changed nothing that the decision was made on, such as labels,
     * is written on as well: else whoever writes often enough could keep a slow act, such as publishing, from ever being recorded.
     *
     * @return the object to go on with: as written, or as somebody else changed it; empty when it is gone
     */
    Optional<ImageBuild> write(ImageBuild build, ImageBuildStatus status, ClusterCache cache) {
        ImageBuild base = build;
        for (int tries = 1; ; tries++) {
            try {
                ImageBuild written = api.updateStatus(withStatus(base, status));
                cache.updated(written, base);
                tell(build, status);
                return Optional.of(written);
            } catch (KubernetesClientException e) {
                if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                    return Optional.empty();
                }
                if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                    throw e;
                }
            }
            Optional<ImageBuild> current = api.build(BuildIdentity.of(build));
            if (current.isEmpty() || tries == MOST_TRIES || !isSameToDecide(build, current.get())) {
                return current;
            }
            base = current.get();
        }
    }

    /** Requests by annotation are seen by the next decision; until then they are as good as made a moment later. */
    private static boolean isSameToDecide(ImageBuild before, ImageBuild now) {
        return Objects.equals(before.getMetadata().getUid(), now.getMetadata().getUid())
                && Objects.equals(
                        before.getMetadata().getGeneration(), now.getMetadata().getGeneration())
                && before.isMarkedForDeletion() == now.isMarkedForDeletion()
                && Objects.equals(before.getStatus(), now.getStatus());
    }

    private static ImageBuild withStatus(ImageBuild build, ImageBuildStatus status) {
        ImageBuild changed = new ImageBuild();
        changed.setMetadata(build.getMetadata());
        changed.setSpec(build.getSpec());
        changed.setStatus(status);
        return changed;
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
