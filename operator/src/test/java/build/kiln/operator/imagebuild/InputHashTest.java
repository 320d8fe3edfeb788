package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InputHashTest {
    private static final String SPEC = """
            source: {git: {url: "https://git.example.com/api.git", revision: main, subPath: a, secretRef: {name: git}}}
            dockerfile: {path: build/Dockerfile}
            target: runtime
            buildArgs: [{name: A, value: "1"}, {name: B, value: "2"}]
            labels: {k: v, l: w}
            platforms: [linux/amd64, linux/arm64]
            output: {image: registry.example.com/api, tags: [latest], annotations: {x: y}, sourceDateEpoch: Commit}
            secrets: [{id: npm, secretKeyRef: {name: npm, key: token}}]
            registryCredentials: [{name: push}]
            timeoutSeconds: 60
            """;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "api.git => web.git",
                "revision: main => revision: v1",
                "subPath: a => subPath: b",
                "name: git} => name: git2}",
                "build/Dockerfile => Containerfile",
                "target: runtime => target: test",
                "value: \"2\" => value: \"3\"",
                "l: w => l: x",
                "linux/arm64] => linux/arm64, linux/s390x]",
                "[linux/amd64, linux/arm64] => [linux/arm64, linux/amd64]",
                "example.com/api, => example.com/web,",
                "x: y => x: z",
                "sourceDateEpoch: Commit => provenance: Disabled",
                "key: token => key: other",
                "id: npm => id: npmrc",
                "name: push => name: pull",
                "timeoutSeconds: 60 => cache: {backends: [{inline: {}}]}"
            })
    void changesWithEveryInput(String edit) {
        assertThat(hash(edited(edit))).isNotEqualTo(hash(SPEC));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tags: [latest] => tags: [\"1.0\"]",
                "timeoutSeconds: 60 => timeoutSeconds: 90",
                "timeoutSeconds: 60 => worker: {profile: Rootless}",
                "timeoutSeconds: 60 => cache: {mode: Min}",
                "timeoutSeconds: 60 => cache: {backends: [{inline: {}, export: false}, {local: {}}]}",
                "timeoutSeconds: 60 => cache: {export: false, backends: [{inline: {}}]}",
                "timeoutSeconds: 60 => placement: {mode: Native, nativeWaitSeconds: 60, nodeSelector: {pool: builds}}",
                "timeoutSeconds: 60 => placement: {platforms: [{platform: linux/arm64, mode: Emulated}]}",
                "{name: A, value: \"1\"}, {name: B, value: \"2\"} => {name: B, value: \"2\"}, {name: A, value: \"1\"}",
                "k: v, l: w => l: w, k: v",
                "sourceDateEpoch: Commit => sourceDateEpoch: Commit, provenance: Min"
            })
    void staysTheSameForEverythingElse(String edit) {
        assertThat(hash(edited(edit))).isEqualTo(hash(SPEC));
    }

    @Test
    void takesADefaultAndItsAbsenceForTheSame() {
        String shortest = """
                source: {inline: {files: {Dockerfile: FROM scratch}}}
                output: {image: a/b}
                """;
        String explicit = """
                source: {inline: {files: {Dockerfile: FROM scratch}}}
                dockerfile: {path: Dockerfile}
                platforms: [linux/amd64, linux/arm64]
                output: {image: a/b, provenance: Min}
                serviceAccountName: default
                """;

        assertThat(hash(shortest)).isEqualTo(hash(explicit));
    }

    @Test
    void changesWithTheCommit() {
        String hash = hash(SPEC);

        assertThat(InputHash.resolved(hash, "a".repeat(40))).isNotEqualTo(InputHash.resolved(hash, "b".repeat(40)));
        assertThat(InputHash.resolved(hash, null)).isEqualTo(hash);
    }

    /** A hash that changes by itself would rebuild every image of every user after an upgrade. */
    @Test
    void isTheSameInEveryVersionOfKiln() {
        assertThat(hash(SPEC)).isEqualTo("sha256:60a995a49a6a1f760f9210fad261c3ed4258f352c29d7156420bb89ad726728f");
    }

    private static String edited(String edit) {
        String[] parts = edit.split(" => ", 2);
        assertThat(SPEC).contains(parts[0]);
        return SPEC.replace(parts[0], parts[1]);
    }

    private static String hash(String spec) {
        return InputHash.of(Specs.of(spec));
    }
}
