package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuildStatus;
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

        Operator operator = new Operator(workspace.cluster());
        operator.awaitRestart(operator.kill());
        ImageBuildStatus status = workspace.awaitSucceeded("slow");

        assertThat(status.run()).satisfies(run -> assertThat(run.number()).isEqualTo(1));
        assertThat(workspace.pods())
                .extracting(pod -> pod.getMetadata().getName())
                .containsExactlyInAnyOrder("slow-1-linux-amd64-1", "slow-1-linux-arm64-1");
        assertThat(status.image()).endsWith(workspace.registry().digest(image + ":latest"));
        assertThat(Registry.images(workspace.registry().manifest(image + ":latest")))
                .hasSize(2);
    }
}
