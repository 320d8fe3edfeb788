package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(ClusterExtension.class)
class GitBuildE2e {
    private static final String DOCKERFILE = """
            # syntax=docker/dockerfile:1
            FROM gcc:12 AS build
            WORKDIR /src
            COPY hello.c .
            RUN --mount=type=cache,target=/var/cache/kiln <<EOF
            set -e
            uname -m | tee -a /var/cache/kiln/seen > /arch
            gcc -O1 -o /hello hello.c
            /hello > /greeting
            EOF
            RUN --mount=type=secret,id=token sha256sum < /run/secrets/token > /token.sha256
            FROM debian:bookworm-slim
            COPY --from=build /hello /arch /greeting /token.sha256 /
            """;
    private static final String HELLO = """
            #include <stdio.h>
            int main(void) { puts("hello from kiln"); return 0; }
            """;

    @Test
    void gitSourceBecomesOneIndexOfTwoPlatforms(Workspace workspace) throws Exception {
        GitRepository git = workspace.gitRepository("hello");
        String commit = git.push(Map.of("Dockerfile", DOCKERFILE, "hello.c", HELLO));
        workspace.secret("token", "Opaque", Map.of("value", "e2e-token"));
        String image = workspace.repository("hello");

        workspace.apply("hello", """
                source: {git: {url: "%s", revision: main}}
                output:
                  image: %s
                  tags: ["1.0", latest]
                  annotations: {org.opencontainers.image.title: Hello}
                secrets: [{id: token, secretKeyRef: {name: token, key: value}}]
                """.formatted(git.url(), image));
        ImageBuildStatus status = workspace.awaitSucceeded("hello");

        assertThat(status.run()).satisfies(run -> assertThat(run.commit()).isEqualTo(commit));
        assertThat(status.tags()).containsExactlyInAnyOrder("1.0", "latest");
        assertThat(Workspace.condition(status, "Finished").status()).isEqualTo(Condition.Status.True);

        Registry registry = workspace.registry();
        String digest = registry.digest(image + ":latest");
        assertThat(status.image()).isEqualTo(image + "@" + digest);
        assertThat(registry.digest(image + ":1.0")).isEqualTo(digest);
        JsonNode index = registry.manifest(image + ":latest");
        assertThat(index.path("mediaType").asText()).isEqualTo("application/vnd.oci.image.index.v1+json");
        assertThat(index.path("annotations")
                        .path("org.opencontainers.image.title")
                        .asText())
                .isEqualTo("Hello");
        List<JsonNode> images = Registry.images(index);
        assertThat(images).extracting(Registry::platform).containsExactly("linux/amd64", "linux/arm64");
        for (JsonNode descriptor : images) {
            PlatformStatus platform = Workspace.platform(status, Registry.platform(descriptor));
            assertThat(platform.digest()).isEqualTo(descriptor.path("digest").asText());
            assertThat(platform.state()).isEqualTo(PlatformStatus.State.Succeeded);
        }
        assertThat(Workspace.platform(status, "linux/amd64").mode()).isEqualTo(PlatformStatus.Mode.Native);
        assertThat(Workspace.platform(status, "linux/arm64").mode()).isEqualTo(PlatformStatus.Mode.Emulated);

        String pinned = Objects.requireNonNull(status.image());
        assertThat(text(registry.file(pinned, "linux/amd64", "/arch"))).isEqualTo("x86_64\n");
        assertThat(text(registry.file(pinned, "linux/arm64", "/arch"))).isEqualTo("aarch64\n");
        assertThat(Registry.machine(registry.file(pinned, "linux/amd64", "/hello")))
                .isEqualTo(0x3E);
        assertThat(Registry.machine(registry.file(pinned, "linux/arm64", "/hello")))
                .isEqualTo(0xB7);
        assertThat(text(registry.file(pinned, "linux/arm64", "/greeting"))).isEqualTo("hello from kiln\n");
        assertThat(text(registry.file(pinned, "linux/arm64", "/token.sha256"))).startsWith(sha256("e2e-token"));
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static String sha256(String text) throws Exception {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(hash);
    }
}
