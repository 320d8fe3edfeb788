package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.HistoryEntry;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.protocol.BuildResult.Steps;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A status for as many platforms as the API takes, each with as much to say as it may, after ten runs. */
class StatusSizeTest {
    private static final int MOST_BYTES = 16 * 1024;
    private static final String LONG_MESSAGE = "what went wrong, at great length ".repeat(45);
    private static final String LONG_LOG = "a line of the log that the step wrote\n".repeat(110);

    private final Scenario build = new Scenario(Specs.INLINE
            .replace(
                    "[linux/amd64, linux/arm64]",
                    IntStream.range(0, 20)
                            .mapToObj(i -> "linux/arm64/v" + i)
                            .collect(Collectors.joining(", ", "[", "]")))
            .replace("tags: [latest]", "tags: [\"1.4.2\", \"1.4\", latest]"));

    @Test
    void fitsWhileAllWaitForNodes() {
        build.nodes.removeIf(node -> node.architecture().equals("amd64"));
        afterTenRuns();
        build.run();
        forAll((platform, _) -> build.end(platform, waiting()));
        build.run();

        assertFits();
    }

    @Test
    void fitsWhileAllAreTriedAgain() {
        afterTenRuns();
        build.run();
        forAll((platform, _) -> build.end(platform, failed(platform)));
        build.run();

        assertFits();
    }

    @Test
    void fitsAfterAFailure() {
        afterTenRuns();
        for (int attempt = 1; attempt <= 3; attempt++) {
            build.run();
            forAll((platform, i) -> {
                if (i == 0 || build.platform(platform).state() != PlatformStatus.State.Succeeded) {
                    build.end(platform, i == 0 ? failed(platform) : build.succeeded(platform));
                }
            });
            build.run();
            build.pass(Duration.ofMinutes(10));
        }
        build.run();

        assertThat(build.failure().logTail()).isNotBlank();
        assertFits();
    }

    @Test
    void fitsAfterASuccess() {
        afterTenRuns();

        assertFits();
        assertThat(Objects.requireNonNull(build.status.history()))
                .hasSize(10)
                .extracting(HistoryEntry::result)
                .containsOnly(HistoryEntry.Result.Succeeded);
    }

    private void afterTenRuns() {
        for (int run = 0; run < 10; run++) {
            build.requestRebuild("request " + run);
            build.succeed();
        }
        build.requestRebuild("last request");
    }

    private void forAll(BiConsumer<String, Integer> act) {
        int i = 0;
        for (String platform : RequestedPlatforms.of(build.spec)) {
            act.accept(platform, i++);
        }
    }

    private WorkerObservation.Waiting waiting() {
        return new WorkerObservation.Waiting("Unschedulable", LONG_MESSAGE, build.now, build.now.plusSeconds(600));
    }

    private WorkerObservation.Failed failed(String platform) {
        Diagnosis diagnosis = Diagnosis.of(OfPod.NODE_GONE, LONG_MESSAGE);
        return new WorkerObservation.Failed(
                diagnosis,
                new Failure(platform, diagnosis.reason(), LONG_MESSAGE.substring(0, 300), "Dockerfile:12", 2, LONG_LOG),
                new Steps(800, 300),
                build.now.minusSeconds(30),
                build.now,
                "node-1");
    }

    private void assertFits() {
        String json = new KubernetesSerialization().asJson(build.status);

        assertThat(json.getBytes(StandardCharsets.UTF_8)).as(json).hasSizeLessThan(MOST_BYTES);
    }
}
