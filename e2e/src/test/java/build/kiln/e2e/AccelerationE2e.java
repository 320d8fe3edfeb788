package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Compilers of an emulated platform as native programs of the node: a faster way to the same image. */
@ExtendWith(ClusterExtension.class)
class AccelerationE2e {
    private static final String PLATFORM = "linux/arm64";
    private static final String SET = "debian-12-arm64";

    @Test
    void twinsMakeTheImageThatQemuMakesInBothProfiles(
            Workspace workspace, @PodSecurity("privileged") Workspace privileged) {
        String twins = workspace.cluster().pushTwins(SET);
        try (Reconfiguration _ = workspace.cluster().reconfigure(values(twins, "ImageVolume"))) {
            workspace.apply("emulated", spec(workspace, "Off", "Baseline"));
            workspace.apply("baseline", spec(workspace, "On", "Baseline"));
            privileged.apply("rootless", spec(privileged, "On", "Rootless"));

            PlatformStatus emulated = platform(workspace.awaitSucceeded("emulated"));
            PlatformStatus baseline = platform(workspace.awaitSucceeded("baseline"));
            PlatformStatus rootless = platform(privileged.awaitSucceeded("rootless"));

            // What the pod does not name is not pulled.
            assertThat(pod(workspace, emulated)).doesNotContain(SET);
            assertThat(emulated.acceleration()).isNull();
            assertThat(pod(workspace, baseline)).contains("reference: \"" + twins + "\"");
            for (PlatformStatus accelerated : List.of(baseline, rootless)) {
                assertThat(accelerated.mode()).isEqualTo(PlatformStatus.Mode.Emulated);
                assertThat(accelerated.acceleration()).isNotNull().satisfies(starts -> {
                    // Two compilers, two assemblers and a linker; the shell and gcc itself.
                    assertThat(starts.nativeStarts()).isGreaterThanOrEqualTo(5);
                    assertThat(starts.emulatedStarts()).isPositive();
                    assertThat(starts.unmatched()).isNull();
                });
                // The same program, and nothing of the twins beside it.
                assertThat(accelerated.digest()).isNotNull().isEqualTo(emulated.digest());
            }
        }
    }

    @Test
    void copiedTwinsWorkAndABrokenOneIsLeftToQemu(Workspace workspace, @TempDir Path folder) throws IOException {
        String twins = withCompilerCutOff(workspace, workspace.cluster().pushTwins(SET), folder);
        try (Reconfiguration _ = workspace.cluster().reconfigure(values(twins, "Copy"))) {
            workspace.apply("copied", spec(workspace, "On", "Baseline"));

            PlatformStatus copied = platform(workspace.awaitSucceeded("copied"));

            assertThat(pod(workspace, copied))
                    .contains("image: \"" + twins + "\"")
                    .doesNotContain("reference: ");
            assertThat(copied.acceleration()).isNotNull().satisfies(starts -> {
                assertThat(starts.nativeStarts()).isGreaterThanOrEqualTo(3);
                assertThat(starts.unmatched()).singleElement().satisfies(compiler -> {
                    assertThat(compiler.path()).endsWith("/cc1");
                    assertThat(compiler.starts()).isEqualTo(2);
                });
            });
        }
    }

    /** The image of twins with another layer, in which the C compiler ends after its first bytes. */
    private static String withCompilerCutOff(Workspace workspace, String twins, Path folder) throws IOException {
        Files.createDirectories(folder.resolve("twins/bin"));
        Path compiler = Files.writeString(folder.resolve("twins/bin/cc1"), "\u007fELF");
        assertThat(compiler.toFile().setExecutable(true, false)).isTrue();
        Path layer = folder.resolve("layer.tar");
        Command.of("tar", "--create", "--file", layer, "--directory", folder, "twins/bin/cc1")
                .output();
        return workspace
                .cluster()
                .tool(
                        "crane",
                        "append",
                        "--base",
                        twins,
                        "--new_layer",
                        layer,
                        "--new_tag",
                        workspace.repository("broken-twins") + ":latest")
                .output();
    }

    private static PlatformStatus platform(ImageBuildStatus status) {
        return Workspace.platform(status, PLATFORM);
    }

    private static String pod(Workspace workspace, PlatformStatus platform) {
        return workspace.pods().stream()
                .filter(pod -> pod.getMetadata().getName().equals(platform.podName()))
                .map(pod -> Serialization.asYaml(pod.getSpec()))
                .findFirst()
                .orElseThrow();
    }

    private static String values(String twins, String delivery) {
        return """
                worker:
                  twins: [{platform: linux/arm64, image: "%s"}]
                  twinsDelivery: %s
                """.formatted(twins, delivery);
    }

    /** Without build id and .comment, which name the very build of the compiler, and with the folder that twins are mounted in. */
    private static String spec(Workspace workspace, String acceleration, String profile) {
        return """
                source:
                  inline:
                    files:
                      Dockerfile: |
                        FROM gcc:12 AS build
                        WORKDIR /src
                        COPY *.c .
                        RUN gcc -O2 -Wl,--build-id=none -o primes main.c count.c && strip --remove-section=.comment primes && ./primes > count
                        FROM scratch
                        COPY --from=build /src/primes /src/count /
                        COPY --from=build /dev /dev
                      main.c: |
                        #include <stdio.h>
                        int count(int below);
                        int main(void) { printf("%%d\\n", count(10000)); return 0; }
                      count.c: |
                        static int is_prime(int n) {
                          for (int i = 2; i * i <= n; i++)
                            if (n %% i == 0) return 0;
                          return n > 1;
                        }
                        int count(int below) {
                          int found = 0;
                          for (int n = 0; n < below; n++) found += is_prime(n);
                          return found;
                        }
                platforms: [linux/arm64]
                output: {image: %s, sourceDateEpoch: "1700000000", provenance: Disabled}
                placement: {acceleration: "%s"}
                worker: {profile: %s}
                cache: {mode: Disabled}
                """.formatted(workspace.repository("primes"), acceleration, profile);
    }
}
