package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.CacheUse;
import build.kiln.api.v1alpha1.CacheUse.ExportResult;
import build.kiln.api.v1alpha1.CacheUse.ImportResult;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(ClusterExtension.class)
class CacheBackendsE2e {
    private static final String SOURCE = """
            source:
              inline:
                files:
                  Dockerfile: |
                    FROM debian:bookworm-slim AS build
                    WORKDIR /work
                    COPY input.txt .
                    RUN sha256sum input.txt > sum && uname -m >> sum
                    RUN ! ls -d /run/kiln/cache /var/lib/kiln/cache
                    FROM debian:bookworm-slim
                    COPY --from=build /work/sum /sum
                    RUN cat /sum > /copy
                  input.txt: the input
            """;

    @Test
    void freshWorkersTakeTheirStepsFromTheBucketAlone(Workspace workspace) {
        try (ObjectStore store = ObjectStore.start(workspace.cluster())) {
            workspace.secret("bucket", "Opaque", store.credentials());
            String image = workspace.repository("bucket");
            workspace.apply("bucket", SOURCE + """
                    output: {image: %s, tags: [latest]}
                    cache:
                      mode: Disabled
                      backends:
                      - s3:
                          bucket: %s
                          region: us-east-1
                          endpoint: %s
                          prefix: scenario
                          usePathStyle: true
                          secretRef: {name: bucket}
                    """.formatted(image, ObjectStore.BUCKET, store.endpoint()));
            ImageBuildStatus first = workspace.awaitSucceeded("bucket");
            for (PlatformStatus platform : Objects.requireNonNull(first.platforms())) {
                assertThat(use(platform).importResult()).isEqualTo(ImportResult.Missing);
                assertThat(use(platform).exportResult()).isEqualTo(ExportResult.Exported);
                assertThat(store.keys("scenario/manifests"))
                        .contains(image + ":buildcache-default-"
                                + platform.platform().replace('/', '-'));
            }
            assertThat(workspace.registry().exists(image + ":buildcache-default-linux-amd64"))
                    .isFalse();

            workspace.requestRebuild("bucket", "again");
            ImageBuildStatus second = workspace.awaitSucceeded("bucket", 2);

            for (PlatformStatus platform : Objects.requireNonNull(second.platforms())) {
                int total = Objects.requireNonNull(platform.totalSteps());
                assertThat(total).isGreaterThanOrEqualTo(6);
                assertThat(Objects.requireNonNull(platform.cachedSteps()))
                        .as("steps of %s from the bucket, of %d", platform.platform(), total)
                        .isGreaterThanOrEqualTo((int) Math.ceil(0.95 * total));
                assertThat(use(platform).importResult()).isEqualTo(ImportResult.Imported);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Baseline", "Rootless"})
    void workerHasAFolderOfItsOwnOnTheCacheVolume(String profile, Workspace outer) {
        String level = profile.equals("Rootless") ? "privileged" : "baseline";
        try (Workspace workspace = Workspace.create(outer.cluster(), level)) {
            workspace.apply("folder", SOURCE + """
                    platforms: [linux/amd64]
                    output: {image: %s, tags: [latest], provenance: Disabled}
                    worker: {profile: %s}
                    cache: {mode: Disabled, volume: {size: 1Gi}, backends: [{local: {}}, {inline: {}}]}
                    """.formatted(workspace.repository("folder"), profile));
            CacheUse first = use(Workspace.platform(workspace.awaitSucceeded("folder"), "linux/amd64"));
            workspace.requestRebuild("folder", "again");
            CacheUse second = use(Workspace.platform(workspace.awaitSucceeded("folder", 2), "linux/amd64"));

            assertThat(first.problem()).isNull();
            assertThat(first.importResult()).isEqualTo(ImportResult.Missing);
            assertThat(first.exportResult()).isEqualTo(ExportResult.Exported);
            assertThat(second.problem()).isNull();
            assertThat(second.importResult()).isEqualTo(ImportResult.Imported);
            workspace.delete("folder");
            workspace.awaitNoVolumes();
        }
    }

    private static CacheUse use(PlatformStatus platform) {
        return Objects.requireNonNull(platform.cache());
    }
}
