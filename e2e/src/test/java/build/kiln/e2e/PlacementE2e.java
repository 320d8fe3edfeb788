package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A second node claims to be an Arm machine. What is built on it must run no program of that architecture. */
@ExtendWith(ClusterExtension.class)
class PlacementE2e {
    private static final String ARM64 = "linux/arm64";
    private static final String NODE = "arm";

    @Test
    void aPlatformGoesWhereItsNodesAre(Workspace workspace) {
        workspace.cluster().addNode(NODE, "arm64");
        try {
            workspace.apply("auto", spec(workspace, "mode: Auto, nativeWaitSeconds: 600"));
            PlatformStatus onNode = Workspace.platform(workspace.awaitSucceeded("auto"), ARM64);

            assertThat(onNode.mode()).isEqualTo(Mode.Native);
            assertThat(onNode.modeReason()).isEqualTo("NativeNode");
            assertThat(onNode.nodeName()).isEqualTo(NODE);
        } finally {
            workspace.cluster().removeNode(NODE);
        }

        workspace.requestRebuild("auto", "without the node");
        PlatformStatus waiting = Workspace.platform(workspace.await("auto", PlacementE2e::waits), ARM64);
        workspace.apply("auto", spec(workspace, "mode: Auto, nativeWaitSeconds: 1"));
        PlatformStatus emulated = Workspace.platform(workspace.awaitSucceeded("auto", 2), ARM64);

        assertThat(waiting.mode()).isEqualTo(Mode.Native);
        assertThat(waiting.modeReason()).isEqualTo("AwaitingNativeNode");
        assertThat(waiting.message()).contains("emulated from");
        assertThat(emulated.mode()).isEqualTo(Mode.Emulated);
        assertThat(emulated.modeReason()).isEqualTo("NativeWaitOver");
        assertThat(emulated.attempt()).isEqualTo(2);
        assertThat(emulated.failedAttempts()).isNull();
        assertThat(Objects.requireNonNull(emulated.nativeWait()).seconds()).isPositive();

        workspace.apply("native", spec(workspace, "mode: Native"));
        ImageBuildStatus status = workspace.await("native", PlacementE2e::waits);

        assertThat(Workspace.platform(status, ARM64).modeReason()).isEqualTo("NativeOnly");
        assertThat(Workspace.platform(status, ARM64).modeMessage()).isEqualTo("no node has the architecture arm64");
        assertThat(Workspace.condition(status, "Ready").reason()).isEqualTo("WaitingForNode");
        assertThat(Workspace.condition(status, "Ready").message()).contains("it fails at");
    }

    /** The programs do nothing but exit with 0; they are made where the daemon runs, and run on the platform. */
    @Test
    void sixPlatformsMakeOneImage(Workspace workspace) {
        String image = workspace.repository("six");
        workspace.apply("six", """
                source:
                  inline:
                    files:
                      Dockerfile: |
                        FROM --platform=$BUILDPLATFORM debian:bookworm-slim AS program
                        ARG TARGETARCH
                        RUN case $TARGETARCH in \\
                              amd64) program=f0VMRgIBAQAAAAAAAAAAAAIAPgABAAAAeAABAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAOAABAAAAAAAAAAEAAAAFAAAAAAAAAAAAAAAAAAEAAAAAAAAAAQAAAAAAhAAAAAAAAACEAAAAAAAAAAAQAAAAAAAAuDwAAAC/AAAAAA8F ;; \\
                              386) program=f0VMRgEBAQAAAAAAAAAAAAIAAwABAAAAVAABADQAAAAAAAAAAAAAADQAIAABAAAAAAAAAAEAAAAAAAAAAAABAAAAAQBgAAAAYAAAAAUAAAAAEAAAuAEAAAC7AAAAAM2A ;; \\
                              arm64) program=f0VMRgIBAQAAAAAAAAAAAAIAtwABAAAAeAABAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAOAABAAAAAAAAAAEAAAAFAAAAAAAAAAAAAAAAAAEAAAAAAAAAAQAAAAAAhAAAAAAAAACEAAAAAAAAAAAQAAAAAAAAqAuA0gAAgNIBAADU ;; \\
                              arm) program=f0VMRgEBAQAAAAAAAAAAAAIAKAABAAAAVAABADQAAAAAAAAAAAAABTQAIAABAAAAAAAAAAEAAAAAAAAAAAABAAAAAQBgAAAAYAAAAAUAAAAAEAAAAXCg4wAAoOMAAADv ;; \\
                              riscv64) program=f0VMRgIBAQAAAAAAAAAAAAIA8wABAAAAeAABAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAOAABAAAAAAAAAAEAAAAFAAAAAAAAAAAAAAAAAAEAAAAAAAAAAQAAAAAAhAAAAAAAAACEAAAAAAAAAAAQAAAAAAAAkwjQBRMFAABzAAAA ;; \\
                              s390x) program=f0VMRgICAQAAAAAAAAAAAAACABYAAAABAAAAAAABAHgAAAAAAAAAQAAAAAAAAAAAAAAAAABAADgAAQAAAAAAAAAAAAEAAAAFAAAAAAAAAAAAAAAAAAEAAAAAAAAAAQAAAAAAAAAAAH4AAAAAAAAAfgAAAAAAABAApykAAAoB ;; \\
                            esac && echo $program | base64 -d > /program && chmod +x /program
                        FROM scratch
                        COPY --from=program /program /program
                        RUN ["/program"]
                platforms: [linux/amd64, linux/arm64, linux/arm/v7, linux/386, linux/riscv64, linux/s390x]
                output: {image: %s, tags: [latest]}
                worker: {resources: {requests: {cpu: 50m, memory: 128Mi}}}
                cache: {mode: Disabled}
                """.formatted(image));

        ImageBuildStatus status = workspace.awaitSucceeded("six");

        assertThat(status.platforms())
                .extracting(PlatformStatus::platform, PlatformStatus::mode, PlatformStatus::modeReason)
                .containsExactly(
                        tuple("linux/amd64", Mode.Native, "NativeNode"),
                        tuple(ARM64, Mode.Emulated, "NoNativeNode"),
                        tuple("linux/arm/v7", Mode.Emulated, "NoNativeNode"),
                        tuple("linux/386", Mode.Emulated, "CompatibleNode"),
                        tuple("linux/riscv64", Mode.Emulated, "NoNativeNode"),
                        tuple("linux/s390x", Mode.Emulated, "NoNativeNode"));
        assertThat(Registry.images(workspace.registry().manifest(image + ":latest")))
                .hasSize(6);
    }

    private static boolean waits(ImageBuildStatus status) {
        return status.platforms() != null
                && status.platforms().stream()
                        .anyMatch(platform ->
                                platform.platform().equals(ARM64) && platform.state() == State.WaitingForNode);
    }

    private static String spec(Workspace workspace, String placement) {
        return """
                source: {inline: {files: {Dockerfile: "FROM scratch\\nCOPY note.txt /\\n", note.txt: the same everywhere}}}
                platforms: [linux/arm64]
                output: {image: %s}
                placement: {%s}
                cache: {mode: Disabled}
                """.formatted(workspace.repository("placed"), placement);
    }
}
