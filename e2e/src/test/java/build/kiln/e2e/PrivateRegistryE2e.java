package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.e2e.Cluster.SecureRegistry;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A registry with basic authentication over TLS, its certificate from an own authority. */
@ExtendWith(ClusterExtension.class)
class PrivateRegistryE2e {
    private static final String STOLEN_GOODS = "push-password-canary";

    @Test
    void credentialsFromTheSecretArePushedWithAndOutOfReachOfRunSteps(Workspace workspace) {
        SecureRegistry registry = workspace.cluster().secureRegistry();
        String image = registry.host() + "/" + workspace.namespace() + "/private";
        dockerConfig(workspace, "push", registry, registry.username(), registry.password());
        workspace.secret("other", "Opaque", Map.of("value", STOLEN_GOODS));
        String auth = base64(registry.username() + ":" + registry.password());

        workspace.apply("private", """
                source:
                  inline:
                    files:
                      search.sh: |
                        # Words are put together here, so that this file does not find itself.
                        for word in "%s""%s" "%s""%s" "%s""%s"; do
                          if env | grep -F "$word"; then echo "found in the environment"; exit 40; fi
                          if grep -rIlsF "$word" / --exclude-dir=sys; then echo "found in a file"; exit 41; fi
                          for process in /proc/[0-9]*; do
                            if tr '\\0' ' ' < $process/environ 2>/dev/null | grep -F "$word"; then exit 42; fi
                            if tr '\\0' ' ' < $process/cmdline 2>/dev/null | grep -F "$word"; then exit 43; fi
                          done
                        done
                        if [ -e /var/run/secrets/kubernetes.io ]; then echo "a token"; exit 44; fi
                        if [ -e /run/secrets/other ] || [ -e /run/kiln ]; then echo "a mount"; exit 45; fi
                      Dockerfile: |
                        FROM debian:bookworm-slim
                        RUN --mount=type=secret,id=other test "$(cat /run/secrets/other)" = %s
                        RUN --mount=type=bind,target=/context sh /context/search.sh
                platforms: [linux/amd64]
                output: {image: "%s", tags: [latest], provenance: Disabled}
                registryCredentials: [{name: push}]
                secrets: [{id: other, secretKeyRef: {name: other, key: value}}]
                cache: {mode: Disabled}
                """.formatted(
                        firstHalf(registry.password()),
                        secondHalf(registry.password()),
                        firstHalf(auth),
                        secondHalf(auth),
                        firstHalf(STOLEN_GOODS),
                        secondHalf(STOLEN_GOODS),
                        "\"" + firstHalf(STOLEN_GOODS) + "\"\"" + secondHalf(STOLEN_GOODS) + "\"",
                        image));

        ImageBuildStatus status = workspace.awaitSucceeded("private");

        assertThat(status.image()).startsWith(image + "@sha256:");
    }

    @Test
    void wrongPasswordIsNamedAndNotRetried(Workspace workspace) {
        SecureRegistry registry = workspace.cluster().secureRegistry();
        dockerConfig(workspace, "stale", registry, registry.username(), "wrong");

        workspace.apply("private", """
                source: {inline: {files: {Dockerfile: "FROM scratch\\nCOPY Dockerfile /\\n"}}}
                output: {image: "%s/%s/private", tags: [latest]}
                registryCredentials: [{name: stale}]
                """.formatted(registry.host(), workspace.namespace()));
        ImageBuildStatus status = workspace.awaitFinished("private");

        assertThat(Objects.requireNonNull(status.failure()).reason()).isEqualTo(FailureReason.RegistryAuthFailed);
        assertThat(Workspace.condition(status, "Ready").message())
                .contains(registry.host())
                .contains("stale");
        List<PlatformStatus> platforms = Objects.requireNonNull(status.platforms());
        assertThat(platforms)
                .allSatisfy(platform -> assertThat(platform.attempt()).isIn(null, 1));
    }

    private static void dockerConfig(
            Workspace workspace, String name, SecureRegistry registry, String username, String password) {
        workspace.secret(
                name,
                "kubernetes.io/dockerconfigjson",
                Map.of(
                        ".dockerconfigjson",
                        "{\"auths\": {\"%s\": {\"auth\": \"%s\"}}}"
                                .formatted(registry.host(), base64(username + ":" + password))));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String firstHalf(String text) {
        return text.substring(0, text.length() / 2);
    }

    private static String secondHalf(String text) {
        return text.substring(text.length() / 2);
    }
}
