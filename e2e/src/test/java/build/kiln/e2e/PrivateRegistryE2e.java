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
                        # The word comes in two halves, so that this command line does not find itself.
                        word=$1$2
                        if env | grep -F "$word"; then echo "in the environment"; exit 1; fi
                        # What grep prints counts: its exit code is 2 where it could not read something.
                        files=$(grep -rlsF "$word" / --exclude-dir=sys --exclude-dir=proc || true)
                        if [ -n "$files" ]; then echo "in $files"; exit 1; fi
                        for process in /proc/[0-9]*; do
                          for file in environ cmdline; do
                            if tr '\\0' ' ' < $process/$file 2>/dev/null | grep -F "$word"; then exit 1; fi
                          done
                        done
                      Dockerfile: |
                        FROM debian:bookworm-slim
                        COPY search.sh /
                        RUN printf 'planted-%%s' canary > /planted && ! sh /search.sh planted- canary && rm /planted
                        RUN --mount=type=secret,id=other test "$(cat /run/secrets/other)" = %s
                        RUN sh /search.sh %s
                        RUN sh /search.sh %s
                        RUN sh /search.sh %s
                        RUN ! ls -d /var/run/secrets/kubernetes.io /run/secrets/other /run/kiln/docker
                platforms: [linux/amd64]
                output: {image: "%s", tags: [latest], provenance: Disabled}
                registryCredentials: [{name: push}]
                secrets: [{id: other, secretKeyRef: {name: other, key: value}}]
                cache: {mode: Disabled}
                """.formatted(
                        halves(STOLEN_GOODS).replace(" ", ""),
                        halves(registry.password()),
                        halves(auth),
                        halves(STOLEN_GOODS),
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

    /** A word as two quoted arguments of a shell. */
    private static String halves(String word) {
        int middle = word.length() / 2;
        return "\"%s\" \"%s\"".formatted(word.substring(0, middle), word.substring(middle));
    }
}
