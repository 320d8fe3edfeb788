package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildSpec;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;

/** Specs of the tests, written as users write them. */
final class Specs {
    static final String COMMIT = "4f2c".repeat(10);

    private Specs() {}

    static final String INLINE = """
            source: {inline: {files: {Dockerfile: "FROM scratch"}}}
            platforms: [linux/amd64, linux/arm64]
            output: {image: registry.example.com/shop/api, tags: [latest]}
            """;

    static final String GIT = """
            source: {git: {url: "https://git.example.com/shop/api.git", revision: main}}
            platforms: [linux/amd64, linux/arm64]
            output: {image: registry.example.com/shop/api, tags: [latest]}
            """;

    static ImageBuildSpec of(String yaml) {
        return new KubernetesSerialization().unmarshal(yaml, ImageBuildSpec.class);
    }
}
