package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.CacheUse.ExportResult;
import build.kiln.api.v1alpha1.CacheUse.ImportResult;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(ClusterExtension.class)
class CacheE2e {
    @Test
    void onePlatformWithoutAttestationIsAPlainManifest(Workspace workspace) {
        String image = workspace.repository("single");
        workspace.apply("single", """
                source: {inline: {files: {Dockerfile: "FROM scratch\\nCOPY hello.txt /\\n", hello.txt: hello}}}
                platforms: [linux/arm64]
                output: {image: %s, tags: [latest], provenance: Disabled}
                """.formatted(image));

        ImageBuildStatus status = workspace.awaitSucceeded("single");

        JsonNode manifest = workspace.registry().manifest(image + ":latest");
        assertThat(manifest.path("mediaType").asText()).isEqualTo("application/vnd.oci.image.manifest.v1+json");
        assertThat(status.image())
                .isEqualTo(
                        image + "@" + Workspace.platform(status, "linux/arm64").digest());
    }

    @Test
    void forcedRunTakesItsStepsFromTheRegistryCache(Workspace workspace) {
        workspace.apply("cached", """
                source:
                  inline:
                    files:
                      Dockerfile: |
                        FROM debian:bookworm-slim AS build
                        WORKDIR /work
                        COPY input.txt .
                        RUN sha256sum input.txt > sum && uname -m >> sum
                        FROM debian:bookworm-slim
                        COPY --from=build /work/sum /sum
                        RUN cat /sum > /copy
                      input.txt: the input
                output: {image: %s, tags: [latest]}
                """.formatted(workspace.repository("cached")));
        ImageBuildStatus first = workspace.awaitSucceeded("cached");
        assertThat(Objects.requireNonNull(first.platforms()))
                .allSatisfy(platform -> assertThat(platform.cachedSteps()).isZero());

        workspace.requestRebuild("cached", "again");
        ImageBuildStatus second = workspace.awaitFinished("cached", 2);

        assertThat(second.run()).satisfies(run -> {
            assertThat(run.cause()).isEqualTo(Run.Cause.Requested);
            assertThat(run.phase()).isEqualTo(Run.Phase.Succeeded);
        });
        assertThat(second.lastHandledRebuildAt()).isEqualTo("again");
        for (PlatformStatus platform : Objects.requireNonNull(second.platforms())) {
            int total = Objects.requireNonNull(platform.totalSteps());
            assertThat(total).isGreaterThanOrEqualTo(5);
            assertThat(Objects.requireNonNull(platform.cachedSteps()))
                    .as("steps of %s from the cache, of %d", platform.platform(), total)
                    .isGreaterThanOrEqualTo((int) Math.ceil(0.95 * total));
            assertThat(Objects.requireNonNull(platform.cache()).importResult()).isEqualTo(ImportResult.Imported);
        }
        // The first run had to pull the base image, and to push what it built.
        for (PlatformStatus platform : Objects.requireNonNull(first.platforms())) {
            assertThat(platform.pulledBytes()).isPositive();
            assertThat(platform.sentBytes()).isPositive();
            assertThat(Objects.requireNonNull(platform.cache()).exportResult()).isEqualTo(ExportResult.Exported);
        }
    }

    @Test
    void branchesAndPlatformsNeverLoseTheirCacheToEachOther(Workspace workspace) {
        String image = workspace.repository("branches");
        workspace.apply("main", branch(image, "one", "{scope: main}"));
        workspace.apply("feature", branch(image, "two", "{scope: feature}"));
        workspace.awaitSucceeded("main");
        workspace.awaitSucceeded("feature");

        workspace.requestRebuild("main", "again");
        workspace.requestRebuild("feature", "again");
        assertWarm(workspace.awaitSucceeded("main", 2));
        assertWarm(workspace.awaitSucceeded("feature", 2));

        workspace.apply("pull-request", branch(image, "two", "{scope: pr, importScopes: [feature], export: false}"));
        assertWarm(workspace.awaitSucceeded("pull-request"));
        assertThat(workspace.registry().exists(image + ":buildcache-feature-linux-arm64"))
                .isTrue();
        assertThat(workspace.registry().exists(image + ":buildcache-pr-linux-arm64"))
                .isFalse();

        workspace.registry().delete(image + ":buildcache-main-linux-amd64");
        workspace.requestRebuild("main", "without its cache");
        ImageBuildStatus cold = workspace.awaitSucceeded("main", 3);
        assertThat(Workspace.condition(cold, "CacheCold")).satisfies(condition -> {
            assertThat(condition.reason()).isEqualTo("Expired");
            assertThat(condition.message())
                    .contains("linux/amd64 (0 of 2 steps)")
                    .doesNotContain("linux/arm64");
        });
        assertThat(Workspace.platform(cold, "linux/arm64").cachedSteps()).isEqualTo(2);
    }

    private static String branch(String image, String content, String cache) {
        return """
                source: {inline: {files: {Dockerfile: "FROM debian:bookworm-slim\\nRUN echo %s > /a\\nRUN cat /a > /b\\n"}}}
                output: {image: %s, tags: [%s]}
                cache: %s
                """.formatted(content, image, content, cache);
    }

    private static void assertWarm(ImageBuildStatus status) {
        for (PlatformStatus platform : Objects.requireNonNull(status.platforms())) {
            assertThat(platform.cachedSteps())
                    .as("cached steps of %s", platform.platform())
                    .isEqualTo(platform.totalSteps())
                    .isEqualTo(2);
        }
    }
}
