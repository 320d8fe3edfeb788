package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.CrossCompiling;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Strategy;
import build.kiln.api.v1alpha1.StrategyReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** One pod for all platforms, and a pod for each. */
@ExtendWith(ClusterExtension.class)
class StrategyE2e {
    private static final String AMD64 = "linux/amd64";
    private static final String ARM64 = "linux/arm64";
    private static final Path EXAMPLE = Path.of("../examples/cross-compile-go/imagebuild.yaml");

    /** EM_X86_64 and EM_AARCH64 of the ELF specification. */
    private static final int X86_64 = 62;

    private static final int AARCH64 = 183;

    @Test
    void goIsCrossCompiledInOnePodOnceARunHasFoundThatItCanBe(Workspace workspace) throws IOException {
        workspace.apply("go", example(workspace));
        ImageBuildStatus first = workspace.awaitSucceeded("go");
        workspace.requestRebuild("go", "again");
        ImageBuildStatus second = workspace.awaitSucceeded("go", 2);

        assertThat(run(first).strategy()).isEqualTo(Strategy.PerPlatform);
        assertThat(run(first).strategyReason()).isEqualTo(StrategyReason.NotKnown);
        assertThat(Objects.requireNonNull(first.crossCompiling()).answer()).isEqualTo(CrossCompiling.Answer.Yes);
        assertThat(podNames(first)).doesNotHaveDuplicates();

        assertThat(run(second).strategy()).isEqualTo(Strategy.SinglePod);
        assertThat(run(second).strategyReason()).isEqualTo(StrategyReason.CrossCompiles);
        assertThat(podNames(second)).hasSize(2).containsOnly("go-2-linux-amd64-1");
        assertThat(workspace.pods())
                .filteredOn(pod -> "2".equals(pod.getMetadata().getLabels().get("kiln.build/run")))
                .hasSize(1);
        assertThat(Workspace.platform(second, AMD64).mode()).isEqualTo(Mode.Native);
        assertThat(Workspace.platform(second, ARM64).modeReason()).isEqualTo("SinglePod");
        // Without a cache and with times that do not depend on the clock the same comes out, or something else was
        // built.
        assertThat(digests(second)).isEqualTo(digests(first));
        String image = workspace.repository("go") + ":latest";
        assertThat(Registry.machine(workspace.registry().file(image, AMD64, "/hello")))
                .isEqualTo(X86_64);
        assertThat(Registry.machine(workspace.registry().file(image, ARM64, "/hello")))
                .isEqualTo(AARCH64);
    }

    @Test
    void whatIsNotCrossCompiledIsEmulatedInTheOnePodOnlyWhenAskedFor(Workspace workspace) {
        workspace.apply("own", ordinary(workspace, "SinglePod"));
        ImageBuildStatus asked = workspace.awaitSucceeded("own");
        String log = workspace.workerLog("own-1-linux-amd64-1");
        workspace.apply("own", ordinary(workspace, "Auto"));
        workspace.requestRebuild("own", "again");
        ImageBuildStatus chosen = workspace.awaitSucceeded("own", 2);

        assertThat(podNames(asked)).containsOnly("own-1-linux-amd64-1");
        assertThat(log).contains("on x86_64", "on aarch64");
        assertThat(run(asked).strategyReason()).isEqualTo(StrategyReason.Requested);
        assertThat(Objects.requireNonNull(chosen.crossCompiling()).answer()).isEqualTo(CrossCompiling.Answer.No);
        assertThat(podNames(chosen)).containsExactly("own-2-linux-amd64-1", "own-2-linux-arm64-1");
        assertThat(digests(chosen)).isEqualTo(digests(asked));
    }

    private static String example(Workspace workspace) throws IOException {
        String spec = Files.readString(EXAMPLE)
                .split("\nspec:\n", 2)[1]
                .stripTrailing()
                .stripIndent();
        return spec.replace("registry.example.com/cross-compile-go", workspace.repository("go"))
                + "\n  sourceDateEpoch: \"1700000000\"\ncache: {mode: Disabled}\n";
    }

    private static String ordinary(Workspace workspace, String strategy) {
        return """
                strategy: %s
                source:
                  inline:
                    files:
                      Dockerfile: |
                        FROM debian:bookworm-slim
                        RUN echo on $(uname -m) | tee /machine
                output: {image: %s, tags: [latest], sourceDateEpoch: "1700000000"}
                cache: {mode: Disabled}
                """.formatted(strategy, workspace.repository("own"));
    }

    private static Run run(ImageBuildStatus status) {
        return Objects.requireNonNull(status.run());
    }

    private static List<String> podNames(ImageBuildStatus status) {
        return Objects.requireNonNull(status.platforms()).stream()
                .map(PlatformStatus::podName)
                .map(Objects::requireNonNull)
                .toList();
    }

    private static List<String> digests(ImageBuildStatus status) {
        return Objects.requireNonNull(status.platforms()).stream()
                .map(PlatformStatus::digest)
                .map(Objects::requireNonNull)
                .toList();
    }
}
