package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatusBuilder;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.testing.ControlPlane;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClassBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/** Limits, order and turns with a real API server; ends of pods, not the passing of time, move the queue. */
class QueueIT extends LiveOperator {
    private static final Duration LONGEST_QUEUE = Duration.ofSeconds(150);
    private static final String ONE_PLATFORM = INLINE.replace("spec:", "spec:\n  platforms: [linux/amd64]");

    private final Set<String> played = new HashSet<>();

    QueueIT(ControlPlane.Access access) {
        super(access);
    }

    @Test
    void sixtyBuildsOfThreeNamespacesShareFourSlots() throws Exception {
        String flood = namespace;
        String bank = createNamespace(Map.of());
        String shop = createNamespace(Map.of());
        Set<String> namespaces = Set.of(flood, bank, shop);
        OperatorProcess operator = start(Optional.empty(), limited("maxRunning: 4", flood, bank, shop));
        try (PodLedger ledger = new PodLedger(client, namespaces)) {
            create(flood, 40);
            create(bank, 10);
            create(shop, 10);
            await("56 builds in the queue")
                    .atMost(LONGEST_QUEUE)
                    .until(() -> count(namespaces, QueueIT::isQueued) == 56);
            assertThat(get(operator, "/metrics"))
                    .contains("kiln_platforms_queued{platform=\"linux/amd64\",reason=\"ClusterLimit\"} 56.0")
                    .contains("kiln_platforms_running{platform=\"linux/amd64\"} 4.0");

            playUntil(ledger, () -> count(namespaces, QueueIT::hasSucceeded) == 60);

            assertThat(ledger.most()).isEqualTo(4);
            assertThat(ledger.starts()).hasSize(60);
            // Of equal shares the older runs get the fourth slot: flood has two, the others one each.
            List<String> first = ledger.starts().subList(0, 48);
            assertThat(Collections.frequency(first, bank)).as("started of bank").isEqualTo(10);
            assertThat(Collections.frequency(first, shop)).as("started of shop").isEqualTo(10);
            assertThat(get(operator, "/metrics"))
                    .contains("kiln_queue_wait_seconds_count{platform=\"linux/amd64\"} 60");
        }
    }

    @Test
    void theNamespaceSaysHowManyMayBuild() throws Exception {
        annotate("1");
        start();
        create(namespace, 1);
        awaitPods(1);
        create(namespace, "waits");

        PlatformStatus queued = await("a queued platform")
                .atMost(LONGEST)
                .until(() -> platform("waits"), platform -> "Queued".equals(platform.reason()));
        assertThat(queued.state()).isEqualTo(PlatformStatus.State.Pending);
        assertThat(queued.message()).contains("limit of 1", "max-running-platforms", "position 1");
        assertThat(Objects.requireNonNull(status("waits").run()).queuePosition())
                .isEqualTo(1);
        assertThat(Objects.requireNonNull(status("waits").conditions())
                        .getFirst()
                        .reason())
                .isEqualTo("Queued");
        awaitEvents("Queued");

        annotate("2");

        awaitPods(2);
        await("no position any more")
                .atMost(LONGEST)
                .until(() -> Objects.requireNonNull(status("waits").run()).queuePosition() == null);
    }

    @Test
    void theImportantGoFirst() throws Exception {
        client.resource(new PriorityClassBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .withValue(1000)
                        .build())
                .create();
        start(Optional.empty(), limited("maxRunning: 1", namespace));
        create(namespace, 1);
        Pod running = awaitPods(1).getFirst();
        create(namespace, "ordinary");
        await("the ordinary build in the queue").atMost(LONGEST).until(() -> isQueued(status("ordinary")));
        apply(ONE_PLATFORM
                .replace("name: hello", "name: urgent")
                .replace("spec:", "spec:\n  worker: {priorityClassName: " + namespace + "}"));
        await("the urgent build in the queue").atMost(LONGEST).until(() -> isQueued(status("urgent")));

        kubelet.succeed(running, pushed());
        List<Pod> pods = awaitPods(2);
        client.scheduling().v1().priorityClasses().withName(namespace).delete();

        assertThat(pods).extracting(pod -> pod.getMetadata().getName()).contains("urgent-1-linux-amd64-1");
        assertThat(pods.getLast().getSpec().getPriority()).isEqualTo(1000);
    }

    /** As a Deployment does it: the new replica stands by before the old one stops. */
    @Test
    void losesNothingWhileTheOperatorIsReplacedAgainAndAgain() throws Exception {
        String configuration = limited("maxRunning: 3", namespace);
        OperatorProcess active = start(replica(0), configuration);
        try (PodLedger ledger = new PodLedger(client, Set.of(namespace))) {
            create(namespace, 12);
            for (int update = 1; update <= 3; update++) {
                int enough = 3 * update;
                OperatorProcess next = start(replica(update), configuration);
                playUntil(ledger, () -> ledger.starts().size() > enough);
                active.close();
                active = next;
            }
            playUntil(ledger, () -> count(Set.of(namespace), QueueIT::hasSucceeded) == 12);

            assertThat(ledger.most()).isEqualTo(3);
            assertThat(ledger.starts()).hasSize(12);
            assertThat(services.published()).hasSize(12);
        }
    }

    private Optional<Replica> replica(int number) {
        return Optional.of(new Replica(namespace, "kiln-operator", "replica-" + number));
    }

    /** Plays the kubelet: pods start and succeed, the oldest first, and each once: the ledger learns of it a little later. */
    private void playUntil(PodLedger ledger, BooleanSupplier done) {
        await("the queue moves").atMost(LONGEST_QUEUE).until(() -> {
            if (done.getAsBoolean()) {
                return true;
            }
            Optional<Pod> next = ledger.live().stream()
                    .filter(pod -> !played.contains(uid(pod)))
                    .findFirst();
            next.ifPresent(pod -> {
                played.add(uid(pod));
                kubelet.start(pod);
                kubelet.succeed(pod, pushed());
            });
            return false;
        });
    }

    private void create(String where, int number) {
        for (int i = 0; i < number; i++) {
            create(where, "build-" + i);
        }
    }

    private void create(String where, String name) {
        ImageBuild build = client.getKubernetesSerialization()
                .unmarshal(ONE_PLATFORM.replace("name: hello", "name: " + name), ImageBuild.class);
        build.getMetadata().setNamespace(where);
        client.resource(build).create();
    }

    private void annotate(String limit) {
        client.namespaces().withName(namespace).patch(PatchContext.of(PatchType.JSON_MERGE), """
                        {"metadata": {"annotations": {"kiln.build/max-running-platforms": "%s"}}}
                        """.formatted(limit));
    }

    private long count(Set<String> namespaces, Predicate<ImageBuildStatus> condition) {
        return client.resources(ImageBuild.class).inAnyNamespace().list().getItems().stream()
                .filter(build -> namespaces.contains(build.getMetadata().getNamespace()))
                .filter(build -> build.getStatus() != null && condition.test(build.getStatus()))
                .count();
    }

    private static boolean isQueued(ImageBuildStatus status) {
        return status.run() != null && status.run().queuePosition() != null;
    }

    private static boolean hasSucceeded(ImageBuildStatus status) {
        return status.run() != null && status.run().phase() == Run.Phase.Succeeded;
    }

    private ImageBuildStatus status(String name) {
        ImageBuild build = client.resources(ImageBuild.class)
                .inNamespace(namespace)
                .withName(name)
                .require();
        return Objects.requireNonNullElseGet(build.getStatus(), ImageBuildStatus::empty);
    }

    private PlatformStatus platform(String name) {
        List<PlatformStatus> platforms = status(name).platforms();
        return platforms == null || platforms.isEmpty()
                ? PlatformStatusBuilder.builder().platform("").build()
                : platforms.getFirst();
    }

    private static String limited(String limits, String... namespaces) {
        return "watchNamespaces: [" + String.join(", ", namespaces) + "]\nadmission: {" + limits + "}\n";
    }

    private static String get(OperatorProcess operator, String path) throws IOException {
        Request request = new Request.Builder()
                .url("http://localhost:" + operator.port() + path)
                .build();
        try (Response response = new OkHttpClient().newCall(request).execute()) {
            return response.body().string();
        }
    }
}
