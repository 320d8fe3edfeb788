package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(ClusterExtension.class)
class OperatorRestartE2e {
    @Test
    void buildEndsOnceAlthoughTheOperatorIsKilledInTheMiddle(Workspace workspace) {
        String image = workspace.repository("slow");
        workspace.apply("slow", """
                source:
                  inline:
                    files:
                      Dockerfile: "FROM debian:bookworm-slim\\nRUN sleep 10 && uname -m > /arch\\n"
                output: {image: %s, tags: [latest]}
                """.formatted(image));
        workspace.awaitBuilding("slow");

        killOperator(workspace);
        ImageBuildStatus status = workspace.awaitSucceeded("slow");

        assertThat(status.run()).satisfies(run -> assertThat(run.number()).isEqualTo(1));
        assertThat(workspace.pods())
                .extracting(pod -> pod.getMetadata().getName())
                .containsExactlyInAnyOrder("slow-1-linux-amd64-1", "slow-1-linux-arm64-1");
        assertThat(status.image()).endsWith(workspace.registry().digest(image + ":latest"));
        assertThat(Registry.images(workspace.registry().manifest(image + ":latest")))
                .hasSize(2);
    }

    /** SIGKILL to the operator's process, as the kernel would do it: no shutdown hook runs. */
    private static void killOperator(Workspace workspace) {
        Pod pod = operatorPods(workspace).getFirst();
        String id = pod.getStatus().getContainerStatuses().getFirst().getContainerID();
        int restarts = pod.getStatus().getContainerStatuses().getFirst().getRestartCount();
        workspace.cluster().killContainer(id.substring(id.lastIndexOf('/') + 1));
        Awaitility.await("the operator restarts")
                .atMost(Duration.ofMinutes(1))
                .until(() -> operatorPods(workspace)
                                .getFirst()
                                .getStatus()
                                .getContainerStatuses()
                                .getFirst()
                                .getRestartCount()
                        > restarts);
    }

    private static List<Pod> operatorPods(Workspace workspace) {
        return workspace
                .client()
                .pods()
                .inNamespace("kiln-system")
                .withLabel("app.kubernetes.io/name", "kiln-operator")
                .list()
                .getItems();
    }
}
