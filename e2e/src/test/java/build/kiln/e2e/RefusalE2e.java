package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What goes wrong before or around a build has its own reason and says what to do. */
@ExtendWith(ClusterExtension.class)
class RefusalE2e {
    @Test
    void deletingTheBuildRemovesItsPods(Workspace workspace) {
        workspace.apply("doomed", inline(workspace, "FROM debian:bookworm-slim\\nRUN sleep 300\\n"));
        workspace.awaitBuilding("doomed");

        workspace.delete("doomed");

        Awaitility.await("the pods are gone")
                .atMost(Duration.ofSeconds(20))
                .until(() -> workspace.pods().isEmpty());
    }

    @Test
    void unreachableGitServer(Workspace workspace) {
        workspace.apply("build", git(workspace, "http://127.0.0.1:9/none.git", "main", "Dockerfile"));

        assertFailed(workspace, FailureReason.SourceNotFound, "127.0.0.1:9");
    }

    @Test
    void missingRevision(Workspace workspace) {
        GitRepository git = workspace.gitRepository("empty");
        git.push(Map.of("README", "nothing to build"));
        workspace.apply("build", git(workspace, git.url(), "no-such-branch", "Dockerfile"));

        assertFailed(workspace, FailureReason.SourceNotFound, "no-such-branch");
    }

    @Test
    void missingCommit(Workspace workspace) {
        GitRepository git = workspace.gitRepository("commit");
        git.push(Map.of("README", "nothing to build"));
        workspace.apply("build", git(workspace, git.url(), "deadbeef".repeat(5), "Dockerfile"));

        assertFailed(workspace, FailureReason.SourceNotFound, "deadbeef");
    }

    @Test
    void missingDockerfile(Workspace workspace) {
        GitRepository git = workspace.gitRepository("bare");
        git.push(Map.of("README", "nothing to build"));
        workspace.apply("build", git(workspace, git.url(), "main", "build/Dockerfile.prod"));

        assertFailed(workspace, FailureReason.InvalidDockerfile, "build/Dockerfile.prod");
    }

    @Test
    void dockerfileWithASyntaxError(Workspace workspace) {
        workspace.apply("build", inline(workspace, "FROM scratch\\nCOPPY a b\\n"));

        ImageBuildStatus status = assertFailed(workspace, FailureReason.InvalidDockerfile, "COPPY");
        assertThat(Objects.requireNonNull(status.failure()).location()).isEqualTo("Dockerfile:2");
    }

    @Test
    void imageNameThatIsNotOne(Workspace workspace) {
        assertThatThrownBy(() -> workspace.apply("build", """
                        source: {inline: {files: {Dockerfile: "FROM scratch"}}}
                        output: {image: "registry.example.com/Shop/API:latest"}
                        """))
                .hasMessageContaining("output.image")
                .hasMessageContaining("tags go into output.tags");
    }

    @Test
    void missingSecret(Workspace workspace) {
        workspace.apply(
                "build",
                inline(workspace, "FROM scratch\\n")
                        + "secrets: [{id: npmrc, secretKeyRef: {name: npm, key: .npmrc}}]\n");

        assertFailed(workspace, FailureReason.MissingSecret, "npm");
    }

    private static ImageBuildStatus assertFailed(Workspace workspace, FailureReason reason, String where) {
        ImageBuildStatus status = workspace.awaitFinished("build");
        Condition ready = Workspace.condition(status, "Ready");
        assertThat(ready.reason()).as(ready.message()).isEqualTo(reason.name());
        assertThat(ready.message()).contains(where);
        assertThat(Objects.requireNonNull(status.failure()).reason()).isEqualTo(reason);
        return status;
    }

    private static String inline(Workspace workspace, String dockerfile) {
        return """
                source: {inline: {files: {Dockerfile: "%s"}}}
                output: {image: %s, tags: [latest]}
                """.formatted(dockerfile, workspace.repository("refused"));
    }

    private static String git(Workspace workspace, String url, String revision, String dockerfile) {
        return """
                source: {git: {url: "%s", revision: "%s"}}
                dockerfile: {path: %s}
                platforms: [linux/amd64]
                output: {image: %s, tags: [latest]}
                """.formatted(url, revision, dockerfile, workspace.repository("refused"));
    }
}
