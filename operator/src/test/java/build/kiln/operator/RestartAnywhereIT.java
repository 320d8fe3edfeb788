package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.testing.ControlPlane;
import build.kiln.operator.testing.CutConnection;
import build.kiln.operator.testing.RecordedServices;
import build.kiln.operator.testing.UnwellApiServer;
import build.kiln.operator.testing.Wire;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A build ends as it should and nothing is done twice, wherever its operator or its API server fails. */
class RestartAnywhereIT extends LiveOperator {
    /** Fewer writes than that are not the life of a build. */
    private static final int FEWEST_WRITES = 6;

    RestartAnywhereIT(ControlPlane.Access access) {
        super(access);
    }

    /** Killed before the first write, before the second one, and so on; with or without that write reaching the API server. */
    @ParameterizedTest(name = "the write arrives: {0}")
    @ValueSource(booleans = {false, true})
    void killedAtEveryWrite(boolean arrives) throws Exception {
        for (int writes = 0; ; writes++) {
            namespace = createNamespace(Map.of());
            int published = services.published().size();
            CutConnection connection = new CutConnection(writes, arrives);
            try (PodLedger ledger = new PodLedger(client, Set.of(namespace))) {
                OperatorProcess first = start(access.client(connection));
                apply(GIT);
                playUntil(() -> connection.isCut() || hasSucceeded());
                first.close();
                if (!connection.isCut()) {
                    assertThat(writes).isGreaterThan(FEWEST_WRITES);
                    return;
                }
                OperatorProcess second = start();
                playUntil(this::hasSucceeded);
                second.close();
                assertBuiltOnce(ledger, "killed at write " + (writes + 1));
                assertThat(services.published()
                                .subList(published, services.published().size()))
                        .as("the same results, however often they are published")
                        .isNotEmpty()
                        .allSatisfy(results -> assertThat(results).hasSize(2));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void everyThirdWriteFails(long seed) throws Exception {
        UnwellApiServer unwell = new UnwellApiServer(seed);
        try (PodLedger ledger = new PodLedger(client, Set.of(namespace))) {
            start(access.client(unwell));
            apply(GIT);
            playUntil(this::hasSucceeded);

            assertBuiltOnce(ledger, "seed " + seed);
            assertThat(unwell.failures()).isPositive();
        }
    }

    @Test
    void twoOperatorsAtTheSameTime() throws Exception {
        try (PodLedger ledger = new PodLedger(client, Set.of(namespace))) {
            start();
            start();
            apply(GIT);
            playUntil(this::hasSucceeded);

            assertBuiltOnce(ledger, "two operators");
        }
    }

    @Test
    void theApiServerIsAwayAndComesBack() throws Exception {
        try (PodLedger ledger = new PodLedger(client, Set.of(namespace));
                Wire wire = access.wire()) {
            start(access.client(wire));
            apply(GIT);
            awaitPods(2).forEach(kubelet::start);
            awaitReason("Building");
            wire.cut();
            pods().forEach(pod -> kubelet.succeed(pod, pushed()));
            wire.mend();
            playUntil(this::hasSucceeded);

            assertBuiltOnce(ledger, "API server away");
        }
    }

    @Test
    void watchesBreakAllTheTime() throws Exception {
        try (PodLedger ledger = new PodLedger(client, Set.of(namespace));
                Wire wire = access.wire()) {
            start(access.client(wire));
            apply(GIT);
            playUntil(() -> {
                wire.breakAll();
                return hasSucceeded();
            });

            assertBuiltOnce(ledger, "broken watches");
        }
    }

    /** Kubelets start and end whatever pod there is. */
    private void playUntil(BooleanSupplier end) {
        await("the end of the build").atMost(LONGEST).until(() -> {
            for (Pod pod : pods()) {
                switch (String.valueOf(pod.getStatus().getPhase())) {
                    case "Pending" -> kubelet.start(pod);
                    case "Running" -> kubelet.succeed(pod, pushed());
                    default -> {}
                }
            }
            return end.getAsBoolean();
        });
    }

    private boolean hasSucceeded() {
        ImageBuildStatus status = status();
        return status.run() != null && status.run().phase() == Run.Phase.Succeeded;
    }

    private void assertBuiltOnce(PodLedger ledger, String when) {
        assertThat(run().number()).as(when).isEqualTo(1);
        assertThat(status().image()).as(when).endsWith(RecordedServices.DIGEST);
        assertThat(pods())
                .as(when)
                .extracting(pod -> pod.getMetadata().getName())
                .containsExactly("hello-1-linux-amd64-1", "hello-1-linux-arm64-1");
        assertThat(ledger.starts()).as("pods that were ever created, " + when).hasSize(2);
    }
}
