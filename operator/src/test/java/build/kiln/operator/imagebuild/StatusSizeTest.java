package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.HistoryEntry;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.preflight.NodeSoftware;
import build.kiln.operator.preflight.Symptom;
import build.kiln.operator.testing.TestNodes;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.Steps;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A status for as many platforms as the API takes, each with as much to say as it may, after ten runs. */
class StatusSizeTest {
    private static final int MOST_BYTES = 16 * 1024;
    private static final int MOST_WITH_CACHE = 6;
    private static final String LONG_MESSAGE = "what went wrong, at great length ".repeat(45);
    private static final String LONG_LOG = "a line of the log that the step wrote\n".repeat(110);

    private Scenario build = platforms(20);

    private static Scenario platforms(int count) {
        return new Scenario(Specs.INLINE
                .replace(
                        "[linux/amd64, linux/arm64]",
                        IntStream.range(0, count)
                                .mapToObj(i -> "linux/arm64/v" + i)
                                .collect(Collectors.joining(", ", "[", "]")))
                .replace("tags: [latest]", "tags: [\"1.4.2\", \"1.4\", latest]"));
    }

    @ParameterizedTest
    @ValueSource(ints = {MOST_WITH_CACHE, 20})
    void fitsWhileAllWaitForNodes(int count) {
        build = platforms(count);
        build.nodes.removeIf(node -> node.architecture().equals("amd64"));
        afterTenRuns();
        build.run();
        forAll((platform, _) -> build.end(platform, waiting()));
        build.run();

        assertFits();
    }

    @ParameterizedTest
    @ValueSource(ints = {MOST_WITH_CACHE, 20})
    void fitsWhileAllAreTriedAgain(int count) {
        build = platforms(count);
        afterTenRuns();
        build.run();
        forAll((platform, _) -> build.end(platform, failed(platform)));
        build.run();

        assertFits();
    }

    @ParameterizedTest
    @ValueSource(ints = {MOST_WITH_CACHE, 20})
    void fitsAfterAFailure(int count) {
        build = platforms(count);
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

    @ParameterizedTest
    @ValueSource(ints = {MOST_WITH_CACHE, 20})
    void fitsWhileNodesRefuseAll(int count) {
        build = platforms(count);
        build.nodes.clear();
        for (int i = 0; i < 12; i++) {
            NodeSoftware software = new NodeSoftware("v1.36.3", "containerd://2.4.2", "6." + i, "Debian", true);
            build.nodes.add(TestNodes.with(software, "node-with-a-long-name-" + i, "amd64"));
        }
        afterTenRuns();
        for (int refused = 0; refused < 8; refused++) {
            String node = "node-with-a-long-name-" + refused;
            build.run();
            forAll((platform, _) -> build.refuse(platform, node, Symptom.UserNamespacesUnsupported));
        }
        build.run();
        forAll((platform, _) -> build.end(platform, failed(platform)));
        build.run();

        assertThat(build.status.refusals()).hasSize(8);
        assertThat(RunPlanner.platformsOf(build.status))
                .allSatisfy(platform -> assertThat(platform.attempt()).isEqualTo(9));
        assertFits();
    }

    @ParameterizedTest
    @ValueSource(ints = {MOST_WITH_CACHE, 20})
    void fitsAfterASuccess(int count) {
        build = platforms(count);
        afterTenRuns();

        assertFits();
        assertThat(Objects.requireNonNull(build.status.history()))
                .hasSize(10)
                .extracting(HistoryEntry::result)
                .containsOnly(HistoryEntry.Result.Succeeded);
    }

    @Test
    void tellsWhatTheCacheDidForAsManyPlatformsAsThereIsRoomFor() {
        build = platforms(MOST_WITH_CACHE);

        afterTenRuns();

        assertThat(RunPlanner.platformsOf(build.status))
                .allSatisfy(platform -> assertThat(
                                Objects.requireNonNull(platform.cache()).problem())
                        .isNotBlank());
    }

    private void afterTenRuns() {
        build.steps = new Steps(800, 0);
        build.cacheUse = new BuildResult.CacheUse(
                BuildResult.ImportResult.Broken,
                BuildResult.ExportResult.Exported,
                LONG_MESSAGE,
                LONG_MESSAGE,
                86_400_000,
                3_600_000L);
        build.crossCompiling = new BuildResult.CrossCompiling(BuildResult.CrossCompiling.Answer.Unknown, LONG_MESSAGE);
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
