package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever breaks, no build is lost, no pod made twice, no tag wrong, and nothing left behind. Once each here; {@code bench/chaos}
 * plays more rounds, with {@code -Dkiln.chaos.seed} and {@code -Dkiln.chaos.count}.
 */
@ExtendWith(ClusterExtension.class)
class ChaosE2e {
    private static final String API_SERVER = "kube-apiserver";
    private static final String REGISTRY = "registry";
    private static final Duration OUTAGE = Duration.ofSeconds(20);
    private static final Duration STEP_DEADLINE = Duration.ofMinutes(3);

    static LongStream seeds() {
        long first = Long.getLong("kiln.chaos.seed", 1);
        return LongStream.range(first, first + Long.getLong("kiln.chaos.count", 1));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void outOfMemory(long seed, Workspace workspace) {
        try (Chaos chaos = new Chaos("out of memory", seed, workspace)) {
            String eat = "dd if=/dev/zero of=/dev/null bs=400M count=1";
            String limit = "worker: {resources: {requests: {cpu: 10m, memory: 128Mi}, limits: {memory: 256Mi}}}\n";
            ChaosBuild fixed = chaos.build(
                    ChaosBuild.of(workspace, "fixed").running(eat).with(limit).thatFails());
            ChaosBuild growing = chaos.build(
                    ChaosBuild.of(workspace, "growing").running(eat).with(limit + "retry: {memoryFactor: \"3.0\"}"));

            Map<ChaosBuild, ImageBuildStatus> ended = chaos.conclude();

            assertThat(Objects.requireNonNull(status(ended, fixed).failure()).reason())
                    .isEqualTo(FailureReason.OutOfMemory);
            assertThat(onlyPlatform(ended, fixed).attempt()).isEqualTo(1);
            assertThat(onlyPlatform(ended, growing)).satisfies(platform -> {
                assertThat(platform.attempt()).isEqualTo(2);
                assertThat(platform.failedAttempts()).containsExactly(FailureReason.OutOfMemory);
                assertThat(platform.memoryFactor()).isEqualTo("3.0");
            });
            assertThat(memoryLimits(chaos.pods().of(growing)))
                    .containsExactly(Quantity.parse("256Mi"), Quantity.parse("768Mi"));
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void nodeStopped(long seed, Workspace workspace) {
        Cluster cluster = workspace.cluster();
        String first = cluster.client()
                .nodes()
                .list()
                .getItems()
                .getFirst()
                .getMetadata()
                .getName();
        String second = "second-" + seed;
        Gate gate = new Gate(workspace);
        try (Chaos chaos = new Chaos("node stopped", seed, workspace)) {
            cluster.addNode(second);
            cluster.tool("kubectl", "cordon", first).output();
            ChaosBuild build = chaos.build(ChaosBuild.of(workspace, "moving").running(gate.waiting()));
            workspace.awaitBuilding(build.name());

            cluster.stop(second);
            cluster.tool("kubectl", "uncordon", first).output();
            gate.open();
            // The object of the node goes first, so that what was bound to it is not taken for a leftover.
            workspace.awaitSucceeded(build.name());
            cluster.removeNode(second);

            Map<ChaosBuild, ImageBuildStatus> ended = chaos.conclude();
            assertThat(onlyPlatform(ended, build)).satisfies(platform -> {
                assertThat(platform.failedAttempts()).containsExactly(FailureReason.NodeLost);
                assertThat(platform.nodeName()).isEqualTo(first);
            });
        } finally {
            cluster.tool("kubectl", "uncordon", first).output();
            if (cluster.client().nodes().withName(second).get() != null) {
                cluster.removeNode(second);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void operatorKilled(long seed, Workspace workspace) {
        int kills = 10;
        Operator operator = new Operator(workspace.cluster());
        try (Chaos chaos = new Chaos("operator killed", seed, workspace);
                StatusWrites writes = new StatusWrites(workspace)) {
            for (int i = 1; i <= 20; i++) {
                chaos.build(ChaosBuild.of(workspace, "b" + i).forTwoPlatforms());
            }
            String killed = "";
            for (int i = 0; i < kills; i++) {
                // A moment is a number of writes, so that a slow machine sees the same ones. All together are fewer
                // than
                // what 20 builds take at the least.
                writes.await(1 + chaos.random().nextInt(3 + i), STEP_DEADLINE);
                operator.awaitRestart(killed);
                killed = operator.kill();
            }
            chaos.note("kills", kills);

            Map<ChaosBuild, ImageBuildStatus> ended = chaos.conclude();
            assertThat(ended.keySet())
                    .allSatisfy(build -> assertThat(chaos.pods().of(build)).hasSize(2));
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void apiServerRestarted(long seed, Workspace workspace) {
        Cluster cluster = workspace.cluster();
        Gate gate = new Gate(workspace);
        try (Chaos chaos = new Chaos("API server restarted", seed, workspace)) {
            for (String name : List.of("a", "b", "c")) {
                chaos.build(ChaosBuild.of(workspace, name).running(gate.waiting()));
            }
            for (String name : List.of("a", "b", "c")) {
                workspace.awaitBuilding(name);
            }

            cluster.stop(API_SERVER);
            gate.open();
            chaos.pause(Duration.ofMillis(1000 + chaos.random().nextInt(9000)));
            cluster.start(API_SERVER);

            Map<ChaosBuild, ImageBuildStatus> ended = chaos.conclude();
            assertThat(ended.keySet())
                    .allSatisfy(build -> assertThat(chaos.pods().of(build)).hasSize(1));
        } finally {
            cluster.start(API_SERVER);
            cluster.awaitApiServer();
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void registryStoppedDuringPush(long seed, Workspace workspace) {
        Cluster cluster = workspace.cluster();
        Gate gate = new Gate(workspace);
        try (Chaos chaos = new Chaos("registry stopped, push", seed, workspace)) {
            ChaosBuild build = chaos.build(ChaosBuild.of(workspace, "pushing").running(gate.waiting()));
            awaitLog(build, "RUN until");
            cluster.pause(REGISTRY);
            gate.open();
            awaitLog(build, "exporting config"); // What comes next is the push.

            cluster.stop(REGISTRY);
            chaos.pause(OUTAGE);
            cluster.start(REGISTRY);

            Map<ChaosBuild, ImageBuildStatus> ended = chaos.conclude();
            assertThat(onlyPlatform(ended, build).failedAttempts()).contains(FailureReason.PushFailed);
        } finally {
            cluster.start(REGISTRY);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void registryStoppedDuringPublish(long seed, Workspace workspace) {
        Cluster cluster = workspace.cluster();
        Operator operator = new Operator(cluster);
        try (Chaos chaos = new Chaos("registry stopped, publish", seed, workspace)) {
            ChaosBuild build =
                    chaos.build(ChaosBuild.of(workspace, "publishing").forTwoPlatforms());
            awaitPods(chaos, build, _ -> true);
            operator.freeze();
            awaitPods(chaos, build, PodWitness::hasSucceeded);

            cluster.stop(REGISTRY);
            operator.thaw();
            chaos.pause(OUTAGE);
            cluster.start(REGISTRY);

            chaos.conclude();
            assertThat(chaos.pods().of(build)).hasSize(2);
        } finally {
            operator.thaw();
            cluster.start(REGISTRY);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void limitOnRunningBuilds(long seed, Workspace workspace) {
        int limit = 4;
        Cluster cluster = workspace.cluster();
        Operator operator = new Operator(cluster);
        operator.configure("admission.maxRunning=" + limit);
        try (Workspace second = Workspace.create(cluster, "baseline");
                Workspace third = Workspace.create(cluster, "baseline");
                Chaos chaos = new Chaos("limit of " + limit, seed, workspace, second, third)) {
            for (int i = 1; i <= 20; i++) {
                for (Workspace each : List.of(workspace, second, third)) {
                    chaos.build(ChaosBuild.of(each, "b" + i));
                }
            }
            Map<ChaosBuild, ImageBuildStatus> ended = chaos.conclude();

            assertThat(chaos.pods().mostRunning()).isEqualTo(limit);
            assertThat(ended.keySet())
                    .allSatisfy(build -> assertThat(chaos.pods().of(build)).hasSize(1));
        } finally {
            operator.configure("admission.maxRunning=null");
        }
    }

    private static void awaitLog(ChaosBuild build, String text) {
        Awaitility.await("the first worker prints: " + text)
                .atMost(STEP_DEADLINE)
                .until(() -> build.workspace()
                        .workerLog(build.name() + "-1-linux-amd64-1")
                        .contains(text));
    }

    private static void awaitPods(Chaos chaos, ChaosBuild build, Predicate<Pod> condition) {
        Awaitility.await("the pods of " + build.name())
                .atMost(STEP_DEADLINE)
                .until(() -> chaos.pods().of(build).stream().filter(condition).count()
                        == build.platforms().size());
    }

    private static PlatformStatus onlyPlatform(Map<ChaosBuild, ImageBuildStatus> ended, ChaosBuild build) {
        return Workspace.platform(status(ended, build), "linux/amd64");
    }

    private static ImageBuildStatus status(Map<ChaosBuild, ImageBuildStatus> ended, ChaosBuild build) {
        return Objects.requireNonNull(ended.get(build), build.name());
    }

    private static List<Quantity> memoryLimits(List<Pod> pods) {
        return pods.stream()
                .flatMap(pod -> pod.getSpec().getInitContainers().stream())
                .filter(container -> container.getName().equals("buildkitd"))
                .map(container -> container.getResources().getLimits().get("memory"))
                .toList();
    }
}
