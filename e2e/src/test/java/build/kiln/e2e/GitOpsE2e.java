package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.Condition.Status;
import build.kiln.api.v1alpha1.HistoryEntry;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Run;
import io.fabric8.kubernetes.api.model.ConfigMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The object is kept in Git and applied again with every commit. */
@ExtendWith(ClusterExtension.class)
class GitOpsE2e {
    @Test
    void newCommitBecomesANewImageWhileTheOldOneStaysPublished(Workspace workspace) {
        GitRepository git = workspace.gitRepository("shop");
        String image = workspace.repository("shop");
        String first = git.push(Map.of("Dockerfile", dockerfile("one")));
        workspace.apply("shop", spec(git, first, image));
        ImageBuildStatus old = workspace.awaitSucceeded("shop");
        assertThat(result(workspace)).containsEntry("commit", first).containsEntry("image", old.image());

        String second = git.push(Map.of("Dockerfile", dockerfile("two")));
        workspace.apply("shop", spec(git, second, image));
        ImageBuildStatus building = workspace.awaitBuilding("shop");

        assertThat(building.image()).isEqualTo(old.image());
        assertThat(Workspace.condition(building, "Ready").status()).isEqualTo(Status.Unknown);
        assertThat(old.image()).endsWith(workspace.registry().digest(image + ":main"));
        assertThat(result(workspace)).containsEntry("image", old.image());

        ImageBuildStatus now = workspace.awaitSucceeded("shop", 2);
        assertThat(now.image())
                .isNotEqualTo(old.image())
                .endsWith(workspace.registry().digest(image + ":main"));
        assertThat(result(workspace)).containsEntry("commit", second).containsEntry("image", now.image());
        assertThat(Objects.requireNonNull(now.run()).cause()).isEqualTo(Run.Cause.InputsChanged);

        workspace.apply("shop", spec(git, first, image));
        ImageBuildStatus reverted = workspace.awaitSucceeded("shop", 3);
        assertThat(reverted.image())
                .as("the revert finds its image in the registry")
                .isEqualTo(old.image());
        assertThat(old.image()).endsWith(workspace.registry().digest(image + ":main"));
        assertThat(workspace.pods())
                .as("nothing was built for it")
                .noneMatch(pod -> pod.getMetadata().getName().startsWith("shop-3-"));
        assertThat(Objects.requireNonNull(reverted.history()))
                .extracting(HistoryEntry::run)
                .containsExactly(3, 2, 1);
    }

    @Test
    void suspendedBuildStartsNothingUntilItIsResumed(Workspace workspace) {
        String image = workspace.repository("paused");
        workspace.apply("paused", inline(image, "one") + "suspend: true\n");
        ImageBuildStatus suspended =
                workspace.await("paused", status -> reason(status, "Ready").equals("Suspended"));
        assertThat(Workspace.condition(suspended, "Ready").status()).isEqualTo(Status.False);
        assertThat(workspace.pods()).isEmpty();

        workspace.apply("paused", inline(image, "one") + "suspend: false\n");
        ImageBuildStatus first = workspace.awaitSucceeded("paused");

        workspace.apply("paused", inline(image, "two") + "suspend: true\n");
        workspace.await("paused", status -> reason(status, "Ready").equals("Suspended"));
        assertThat(first.image()).endsWith(workspace.registry().digest(image + ":main"));
        workspace.apply("paused", inline(image, "two"));
        assertThat(workspace.awaitSucceeded("paused", 2).image()).isNotEqualTo(first.image());
    }

    @Test
    void scheduledBuildRunsAgainAtTheFullMinute(Workspace workspace) {
        workspace.apply("nightly", inline(workspace.repository("nightly"), "one") + """
                schedule: {cron: "* * * * *", timeZone: Asia/Tokyo}
                """);

        ImageBuildStatus status = workspace.awaitSucceeded("nightly", 2);

        assertThat(Objects.requireNonNull(status.run()).cause()).isEqualTo(Run.Cause.Scheduled);
    }

    private static String reason(ImageBuildStatus status, String type) {
        return Objects.requireNonNull(status.conditions()).stream()
                .filter(condition -> condition.type().equals(type))
                .map(Condition::reason)
                .findFirst()
                .orElse("");
    }

    private static Map<String, String> result(Workspace workspace) {
        ConfigMap map = workspace
                .client()
                .configMaps()
                .inNamespace(workspace.namespace())
                .withName("shop-image")
                .get();
        return map.getData();
    }

    private static String spec(GitRepository git, String commit, String image) {
        return """
                source: {git: {url: "%s", revision: %s}}
                output: {image: %s, tags: [main], resultConfigMap: {name: shop-image}}
                """.formatted(git.url(), commit, image);
    }

    private static String dockerfile(String content) {
        return "FROM debian:bookworm-slim\nRUN sleep 2 && echo %s > /content\n".formatted(content);
    }

    private static String inline(String image, String content) {
        return """
                source: {inline: {files: {Dockerfile: "FROM scratch\\nCOPY content /\\n", content: %s}}}
                platforms: [linux/amd64]
                output: {image: %s, tags: [main]}
                """.formatted(content, image);
    }
}
