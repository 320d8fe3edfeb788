package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(ClusterExtension.class)
class FailureE2e {
    @Test
    void onePlatformsFailureKeepsTheOldTagAndIsExplained(Workspace workspace) {
        String image = workspace.repository("flaky");
        workspace.apply("flaky", spec(image, "RUN uname -m > /arch"));
        ImageBuildStatus good = workspace.awaitSucceeded("flaky");

        workspace.apply("flaky", spec(image, "RUN echo about to fail && [ \\\"$(uname -m)\\\" != aarch64 ] || exit 7"));
        ImageBuildStatus failed = workspace.awaitFinished("flaky", 2);

        Condition ready = Workspace.condition(failed, "Ready");
        assertThat(ready.status()).isEqualTo(Condition.Status.False);
        assertThat(Workspace.condition(failed, "Stalled").reason()).isEqualTo("BuildFailed");
        assertThat(ready.message().lines()).hasSizeLessThanOrEqualTo(2);
        Failure failure = Objects.requireNonNull(failed.failure());
        assertThat(failure.platform()).isEqualTo("linux/arm64");
        assertThat(failure.reason()).isEqualTo(FailureReason.BuildFailed);
        assertThat(failure.step()).startsWith("RUN echo about to fail");
        assertThat(failure.location()).isEqualTo("Dockerfile:3");
        assertThat(failure.exitCode()).isEqualTo(7);
        assertThat(failure.logTail()).contains("about to fail");
        assertThat(failed.image()).isEqualTo(good.image());
        assertThat(good.image()).endsWith(workspace.registry().digest(image + ":latest"));

        workspace.client().pods().inNamespace(workspace.namespace()).delete();
        Awaitility.await().until(() -> workspace.pods().isEmpty());
        assertThat(workspace.describe("flaky"))
                .contains("BuildFailed", "linux/arm64", "Dockerfile:3", "about to fail")
                .containsPattern("Exit Code: +7");
    }

    private static String spec(String image, String instruction) {
        return """
                source:
                  inline:
                    files:
                      Dockerfile: "FROM debian:bookworm-slim\\nWORKDIR /work\\n%s\\n"
                output: {image: %s, tags: [latest]}
                """.formatted(instruction, image);
    }
}
