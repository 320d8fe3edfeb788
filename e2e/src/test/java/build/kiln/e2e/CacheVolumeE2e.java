package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus.CacheVolume;
import build.kiln.api.v1alpha1.PlatformStatus.VolumeState;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(ClusterExtension.class)
class CacheVolumeE2e {
    /** Counts, in a cache mount, how often it was run. Every run gets another argument, so that the step is never cached. */
    private static final String COUNTER = """
            FROM debian:bookworm-slim
            ARG TURN
            RUN --mount=type=cache,target=/counter echo $TURN >> /counter/turns && wc -l < /counter/turns > /turns
            """;

    @Test
    void aCacheMountGoesOnOverRunsUntilItIsEmptied(Workspace workspace) {
        assertThat(turns(workspace, "counter", 1)).isEqualTo("1");
        assertThat(volume(workspace, "counter").state()).isEqualTo(VolumeState.New);

        assertThat(turns(workspace, "counter", 2)).isEqualTo("2");
        CacheVolume reused = volume(workspace, "counter");
        assertThat(reused.state()).isEqualTo(VolumeState.Reused);

        workspace.annotate("counter", ImageBuild.EMPTY_CACHE_ANNOTATION, "once");
        workspace.await("counter", status -> "once".equals(status.lastHandledEmptyCacheAt()));
        assertThat(turns(workspace, "counter", 3)).isEqualTo("1");
        CacheVolume fresh = volume(workspace, "counter");
        assertThat(fresh.state()).isEqualTo(VolumeState.New);
        assertThat(fresh.claimName()).isNotEqualTo(reused.claimName());

        workspace.delete("counter");
        workspace.awaitNoVolumes();
    }

    @Test
    void neitherImagesNorNamespacesNorPlatformsSeeEachOthersCacheMounts(Workspace workspace) {
        try (Workspace tenant = Workspace.create(workspace.cluster(), "baseline")) {
            apply(workspace, "one", 1, "linux/amd64");
            apply(workspace, "other", 1, "linux/amd64");
            apply(tenant, "one", 1, "linux/amd64");
            assertThat(counted(workspace, "one", 1, "linux/amd64")).isEqualTo("1");
            assertThat(counted(workspace, "other", 1, "linux/amd64")).isEqualTo("1");
            assertThat(counted(tenant, "one", 1, "linux/amd64")).isEqualTo("1");
        }
        apply(workspace, "one", 2, "linux/amd64, linux/arm64");
        ImageBuildStatus status = workspace.awaitSucceeded("one", 2);

        assertThat(Objects.requireNonNull(status.platforms()))
                .extracting(platform ->
                        Objects.requireNonNull(platform.cacheVolume()).state())
                .containsExactly(VolumeState.Reused, VolumeState.New);
        assertThat(counted(workspace, "one", 2, "linux/amd64")).isEqualTo("2");
        assertThat(counted(workspace, "one", 2, "linux/arm64")).isEqualTo("1");
    }

    /** Builds that turn of the counter, and returns what it says. */
    private static String turns(Workspace workspace, String name, int turn) {
        apply(workspace, name, turn, "linux/amd64");
        return counted(workspace, name, turn, "linux/amd64");
    }

    private static String counted(Workspace workspace, String name, int run, String platform) {
        ImageBuildStatus status = workspace.awaitSucceeded(name, run);
        byte[] turns = workspace.registry().file(Objects.requireNonNull(status.image()), platform, "/turns");
        return new String(turns, StandardCharsets.UTF_8).strip();
    }

    private static void apply(Workspace workspace, String name, int turn, String platforms) {
        workspace.apply(name, """
                source: {inline: {files: {Dockerfile: %s}}}
                buildArgs: [{name: TURN, value: "%d"}]
                platforms: [%s]
                output: {image: %s, tags: [latest], provenance: Disabled}
                cache: {mode: Disabled, volume: {size: 1Gi}}
                """.formatted(quoted(COUNTER), turn, platforms, workspace.repository(name)));
    }

    private static CacheVolume volume(Workspace workspace, String name) {
        ImageBuildStatus status = workspace.awaitFinished(name);
        return Objects.requireNonNull(Workspace.platform(status, "linux/amd64").cacheVolume());
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
    }
}
