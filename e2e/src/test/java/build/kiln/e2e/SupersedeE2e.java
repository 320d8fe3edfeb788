package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Twenty edits within ten seconds, as a bot or an impatient person makes them. */
@ExtendWith(ClusterExtension.class)
class SupersedeE2e {
    private static final int EDITS = 20;
    private static final Duration PACE = Duration.ofMillis(500);

    @Test
    void stormOfEditsEndsWithTheLastOnesImage(Workspace workspace) {
        assertLastEditWins(workspace, "Replace");
    }

    @Test
    void queuedStormBuildsTheFirstAndTheLast(Workspace workspace) {
        ImageBuildStatus status = assertLastEditWins(workspace, "Queue");

        assertThat(Objects.requireNonNull(status.run()).number())
                .as("edits that came while a run was under way are built once")
                .isLessThanOrEqualTo(EDITS / 2);
    }

    private static ImageBuildStatus assertLastEditWins(Workspace workspace, String policy) {
        String image = workspace.repository("busy");
        try (LiveRuns runs = new LiveRuns(workspace)) {
            for (int edit = 1; edit <= EDITS; edit++) {
                workspace.apply("busy", spec(image, edit, policy));
                Awaitility.await().pollDelay(PACE).until(() -> true);
            }
            ImageBuildStatus status = workspace.awaitSucceeded("busy");

            String pinned = Objects.requireNonNull(status.image());
            assertThat(pinned).endsWith(workspace.registry().digest(image + ":latest"));
            for (String platform : new String[] {"linux/amd64", "linux/arm64"}) {
                assertThat(new String(workspace.registry().file(pinned, platform, "/edit"), StandardCharsets.UTF_8))
                        .isEqualTo(EDITS + "\n");
            }
            assertThat(runs.mostAtOnce())
                    .as("runs with live pods at the same time")
                    .isLessThanOrEqualTo(2);
            return status;
        }
    }

    private static String spec(String image, int edit, String policy) {
        return """
                source: {inline: {files: {Dockerfile: "FROM debian:bookworm-slim\\nRUN sleep 1 && echo %d > /edit\\n"}}}
                output: {image: %s, tags: [latest]}
                concurrencyPolicy: %s
                """.formatted(edit, image, policy);
    }

    /** Counts, event by event, the runs that have a pod whose containers may still run. */
    private static final class LiveRuns implements Watcher<Pod>, AutoCloseable {
        private final Map<String, String> runOfLivePod = new HashMap<>();
        private final Watch watch;
        private int most;

        LiveRuns(Workspace workspace) {
            watch = workspace.client().pods().inNamespace(workspace.namespace()).watch(this);
        }

        @Override
        public synchronized void eventReceived(Action action, Pod pod) {
            String phase = pod.getStatus().getPhase();
            if (action == Action.DELETED || "Succeeded".equals(phase) || "Failed".equals(phase)) {
                runOfLivePod.remove(pod.getMetadata().getName());
            } else {
                runOfLivePod.put(
                        pod.getMetadata().getName(),
                        pod.getMetadata().getLabels().get("kiln.build/run"));
            }
            Set<String> runs = new HashSet<>(runOfLivePod.values());
            most = Math.max(most, runs.size());
        }

        @Override
        public void onClose(WatcherException cause) {}

        synchronized int mostAtOnce() {
            return most;
        }

        @Override
        public void close() {
            watch.close();
        }
    }
}
