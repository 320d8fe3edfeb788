package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.protocol.BuildResult.Steps;
import build.kiln.worker.SolveStatus.Log;
import build.kiln.worker.SolveStatus.Vertex;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ProgressPrinterTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final ProgressPrinter printer = new ProgressPrinter(
            new LogLines(new PrintStream(shown, true, StandardCharsets.UTF_8), ""), "linux/arm64", START);

    static List<String> recordings() {
        return Golden.cases("progress", ".log");
    }

    @ParameterizedTest
    @MethodSource("recordings")
    void recordedBuildIsShownInLinesThatReadWell(String name) throws Exception {
        Golden.assertMatches(
                "progress/" + name + ".txt",
                RecordedBuild.read("progress/" + name + ".log").shown());
    }

    @Test
    void stepsAreTheInstructionsOfTheDockerfileAndNotTheBaseImages() throws Exception {
        assertThat(steps("multi-stage")).isEqualTo(new Steps(4, 0));
        assertThat(steps("multi-stage-cached")).isEqualTo(new Steps(4, 4));
        // COPY --link is several operations of the build graph and one instruction.
        assertThat(steps("cross-and-odd-output")).isEqualTo(new Steps(4, 0));
        assertThat(steps("cross-cached")).isEqualTo(new Steps(4, 4));
        // Of a first instruction without a base image the daemon does not say that it was left out.
        assertThat(steps("from-scratch")).isEqualTo(new Steps(2, 0));
        assertThat(steps("from-scratch-cached")).isEqualTo(new Steps(2, 2));
    }

    @Test
    void baseImagesAreNamedWithTheDigestTheyResolvedTo() throws Exception {
        assertThat(RecordedBuild.read("progress/multi-stage.log").graph().baseImages())
                .singleElement()
                .asString()
                .matches("docker\\.io/library/busybox:latest@sha256:[0-9a-f]{64}");
    }

    @Test
    void baseImagesThatAreWrittenWithADigestNeverMoveAndAreLeftOut() {
        String pinned = "docker.io/library/debian:12@sha256:" + "a".repeat(64);
        String moving = "docker.io/library/busybox:latest";
        BuildGraph graph = new BuildGraph();
        graph.update(new Vertex(
                "sha256:1", List.of(), "[linux/arm64 internal] load metadata for " + pinned, START, null, false, ""));
        graph.update(new Vertex(
                "sha256:2", List.of(), "[linux/arm64 internal] load metadata for " + moving, START, null, false, ""));
        graph.update(new Vertex("sha256:3", List.of(), "[builder 1/2] FROM " + pinned, START, null, false, ""));
        graph.update(new Vertex(
                "sha256:4",
                List.of(),
                "[stage-1 1/2] FROM " + moving + "@sha256:" + "b".repeat(64),
                START,
                null,
                false,
                ""));

        assertThat(graph.baseImages()).containsExactly(moving + "@sha256:" + "b".repeat(64));
    }

    @Test
    void outputCannotControlTheTerminalOrForgeLines() {
        start("[1/1] RUN evil");
        log("\u001b[31mred\u001b[0m \u001b]0;title\u0007 a\u0000b \u202egnp.exe\n10%\r100%\nüñ");

        assertThat(text())
                .contains("#1 0.000 red \\u001b]0;title\\u0007 a\\u0000b \\u202egnp.exe\n")
                .contains("#1 0.000 100%\n")
                .doesNotContain("üñ");
        complete("[1/1] RUN evil");
        assertThat(text()).contains("üñ\n#1 DONE 2.0s\n");
    }

    @Test
    void characterThatArrivesInTwoPiecesStaysWhole() {
        start("[1/1] RUN x");
        byte[] rocket = "🚀\n".getBytes(StandardCharsets.UTF_8);
        log(new byte[] {rocket[0], rocket[1]});
        log(new byte[] {rocket[2], rocket[3], rocket[4]});

        assertThat(text()).contains("0.000 🚀\n");
    }

    @Test
    void endlessOutputWithoutLineBreaksTakesBoundedMemory() {
        start("[1/1] RUN yes");
        byte[] chunk = "y".repeat(100_000).getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 100; i++) {
            log(chunk);
        }

        assertThat(text().lines().mapToInt(String::length).max().orElse(0)).isLessThan(5_000);
        Operation operation = printer.graph().find("sha256:1").orElseThrow();
        assertThat(operation.output().tail().length()).isLessThan(10_000);
    }

    @Test
    void silentStepIsNamedAfterAWhileAndNotBefore() {
        start("[builder 2/5] RUN make");
        shown.reset();

        printer.heartbeat(START.plusSeconds(29));
        assertThat(text()).isEmpty();

        printer.heartbeat(START.plusSeconds(31));
        assertThat(text()).isEqualTo("#1 ... running for 31.0s: [linux/arm64 builder 2/5] RUN make\n");

        shown.reset();
        printer.heartbeat(START.plusSeconds(40));
        assertThat(text()).isEmpty();
    }

    private void start(String name) {
        show(new Vertex("sha256:1", List.of(), name, START, null, false, ""));
    }

    private void complete(String name) {
        show(new Vertex("sha256:1", List.of(), name, START, START.plusSeconds(2), false, ""));
    }

    private void show(Vertex vertex) {
        printer.show(new SolveStatus(List.of(vertex), List.of(), List.of(), List.of()), START);
    }

    private void log(String text) {
        log(text.getBytes(StandardCharsets.UTF_8));
    }

    private void log(byte[] data) {
        printer.show(
                new SolveStatus(List.of(), List.of(), List.of(new Log("sha256:1", data, START)), List.of()), START);
    }

    private String text() {
        return shown.toString(StandardCharsets.UTF_8);
    }

    private static Steps steps(String name) throws Exception {
        return RecordedBuild.read("progress/" + name + ".log").graph().steps();
    }
}
