package build.kiln.operator.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.CacheBackend.Azblob;
import build.kiln.protocol.CacheBackend.Gha;
import build.kiln.protocol.CacheBackend.Inline;
import build.kiln.protocol.CacheBackend.Local;
import build.kiln.protocol.CacheBackend.S3;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CacheReferencesTest {
    private static final String IMAGE = "registry.example.com/shop/api";

    @Test
    void everyPlatformAndScopeIsWrittenToAReferenceOfItsOwn() {
        Set<String> exports = new HashSet<>();
        for (String scope : List.of("main", "feature-x")) {
            for (String platform : List.of("linux/amd64", "linux/arm64", "linux/arm/v7")) {
                BuildRequest.Cache cache = references("scope: " + scope, platform);
                assertThat(cache.imports()).containsExactly(cache.export());
                exports.add(cache.export());
            }
        }
        assertThat(exports).hasSize(6).contains(IMAGE + ":buildcache-feature-x-linux-arm-v7");
    }

    @Test
    void otherScopesAreReadAfterTheOwnAndNeverWritten() {
        BuildRequest.Cache cache = references("{scope: feature, importScopes: [main, feature]}", "linux/amd64");

        assertThat(cache.imports())
                .containsExactly(IMAGE + ":buildcache-feature-linux-amd64", IMAGE + ":buildcache-main-linux-amd64");
        assertThat(cache.export()).isEqualTo(IMAGE + ":buildcache-feature-linux-amd64");
    }

    @Test
    void nativeStagesAreSharedOnRequest() {
        assertThat(references("{shareAcrossPlatforms: true}", "linux/arm64").imports())
                .containsExactly(IMAGE + ":buildcache-default-linux-arm64", IMAGE + ":buildcache-default-linux-amd64");
    }

    @Test
    void pullRequestsOnlyRead() {
        BuildRequest.Cache cache = references("{export: false, importScopes: [main]}", "linux/amd64");

        assertThat(cache.export()).isNull();
        assertThat(cache.imports()).hasSize(2);
    }

    @Test
    void repositoryOfItsOwnLeavesTheImagesTagsAlone() {
        assertThat(references("{repository: registry.example.com/cache}", "linux/amd64")
                        .export())
                .isEqualTo("registry.example.com/cache:buildcache-default-linux-amd64");
    }

    @Test
    void otherPlacesHaveTheSameNamesAndMayBeReadOnly() {
        BuildRequest.Cache cache = references("""
                {scope: pr, importScopes: [main], backends: [
                  {s3: {bucket: b, region: r, prefix: kiln, secretRef: {name: s}}},
                  {s3: {bucket: c, region: r, prefix: kiln/, secretRef: {name: s}}, export: false}]}""", "linux/amd64");

        assertThat(cache.backends())
                .containsExactly(
                        new S3(0, cache.imports(), true, "b", "r", null, "kiln/", false),
                        new S3(1, cache.imports(), false, "c", "r", null, "kiln/", false));
    }

    @Test
    void everyKindOfPlaceIsToldItsNames() {
        String backends = """
                {importScopes: [main], backends: [
                  {azblob: {accountUrl: "https://shop.blob.core.windows.net/", container: c, secretRef: {name: s}}},
                  {gha: {url: "https://results.example.com", secretRef: {name: s}}},
                  {inline: {}},
                  {local: {}}]}""";
        BuildRequest.Cache cache = references(backends, "linux/arm/v7");

        assertThat(cache.backends())
                .containsExactly(
                        new Azblob(0, cache.imports(), true, "https://shop.blob.core.windows.net", "shop", "c", ""),
                        new Gha(1, cache.imports(), true, "https://results.example.com"),
                        new Inline(2, List.of(IMAGE + ":1.0", IMAGE + ":latest"), true),
                        new Local(3, List.of("buildcache-default-linux-arm-v7", "buildcache-main-linux-arm-v7"), true));
        assertThat(Objects.requireNonNull(CacheReferences.of(spec(backends), "linux/arm/v7", false))
                        .backends())
                .as("backends of an attempt without its volume")
                .hasSize(3)
                .noneMatch(Local.class::isInstance);
    }

    @Test
    void otherPlacesAreEnoughWithoutTheRegistry() {
        String backends = "backends: [{s3: {bucket: b, region: r, secretRef: {name: s}}}]";
        BuildRequest.Cache cache = references("{mode: Disabled, " + backends + "}", "linux/amd64");

        assertThat(cache.imports()).isEmpty();
        assertThat(cache.export()).isNull();
        assertThat(cache.exports()).isTrue();
        assertThat(references("{export: false, " + backends + "}", "linux/amd64")
                        .exports())
                .isFalse();
    }

    private static BuildRequest.Cache references(String cache, String platform) {
        return Objects.requireNonNull(CacheReferences.of(spec(cache), platform, true));
    }

    private static ImageBuildSpec spec(String cache) {
        return Serialization.unmarshal(
                """
                source: {inline: {files: {Dockerfile: FROM scratch}}}
                output: {image: %s, tags: ["1.0", latest]}
                cache: %s
                """.formatted(IMAGE, cache.startsWith("{") ? cache : "{" + cache + "}"), ImageBuildSpec.class);
    }
}
