package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(ClusterExtension.class)
class ProfileE2e {
    @Test
    @PodSecurity("privileged")
    void bothProfilesBuildTheSameImages(Workspace workspace) {
        workspace.apply("baseline", spec(workspace, "Baseline"));
        workspace.apply("rootless", spec(workspace, "Rootless"));

        List<String> baseline = digests(workspace.awaitSucceeded("baseline"));
        List<String> rootless = digests(workspace.awaitSucceeded("rootless"));

        assertThat(rootless).hasSize(2).doesNotHaveDuplicates().isEqualTo(baseline);
    }

    private static List<String> digests(ImageBuildStatus status) {
        return Objects.requireNonNull(status.platforms()).stream()
                .map(platform -> Objects.requireNonNull(platform.digest()))
                .toList();
    }

    private static String spec(Workspace workspace, String profile) {
        return """
                source:
                  inline:
                    files:
                      Dockerfile: |
                        FROM debian:bookworm-slim
                        WORKDIR /work
                        COPY note.txt .
                        RUN uname -m > arch && mkdir -p deep/er && chmod 700 deep
                      note.txt: the same in both
                output: {image: %s, sourceDateEpoch: "1700000000"}
                worker: {profile: %s}
                cache: {mode: Disabled}
                """.formatted(workspace.repository("profiles"), profile);
    }
}
