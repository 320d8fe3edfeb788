package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What ends a worker from outside costs its platform another attempt, and the other platforms nothing. */
@ExtendWith(ClusterExtension.class)
class DisruptionE2e {
    private static final String VICTIM = "linux/amd64";
    private static final String OTHER = "linux/arm64";

    @Test
    void aKilledWorkerCostsItsPlatformAnAttempt(Workspace workspace) {
        survives(workspace, "killed", pod -> {
            String id = container(pod, "worker").getContainerID();
            workspace.cluster().killContainer(id.substring(id.lastIndexOf('/') + 1));
        });
    }

    @Test
    void anEvictionCostsItsPlatformAnAttempt(Workspace workspace) {
        survives(
                workspace,
                "evicted",
                pod -> assertThat(workspace.client().pods().resource(pod).evict())
                        .isTrue());
    }

    private static void survives(Workspace workspace, String name, Consumer<Pod> disruption) {
        String image = workspace.repository(name);
        workspace.apply(name, """
                source:
                  inline:
                    files:
                      Dockerfile: "FROM debian:bookworm-slim\\nRUN sleep 20 && uname -m > /arch\\n"
                output: {image: %s, tags: [latest]}
                """.formatted(image));
        workspace.await(name, status -> isBuilding(status, VICTIM) && isBuilding(status, OTHER));

        disruption.accept(podOf(workspace, name + "-1-linux-amd64-1"));
        ImageBuildStatus status = workspace.awaitSucceeded(name);

        assertThat(Workspace.platform(status, VICTIM).attempt()).isEqualTo(2);
        assertThat(Workspace.platform(status, OTHER).attempt()).isEqualTo(1);
        assertThat(Objects.requireNonNull(status.run()).number()).isEqualTo(1);
        assertThat(status.image()).endsWith(workspace.registry().digest(image + ":latest"));
        assertThat(Registry.images(workspace.registry().manifest(image + ":latest")))
                .hasSize(2);
    }

    private static boolean isBuilding(ImageBuildStatus status, String platform) {
        return status.platforms() != null
                && status.platforms().stream()
                        .anyMatch(
                                one -> one.platform().equals(platform) && one.state() == PlatformStatus.State.Building);
    }

    private static Pod podOf(Workspace workspace, String name) {
        return workspace.pods().stream()
                .filter(pod -> pod.getMetadata().getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static ContainerStatus container(Pod pod, String name) {
        return pod.getStatus().getContainerStatuses().stream()
                .filter(container -> container.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
