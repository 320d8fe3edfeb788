package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Summary;
import build.kiln.operator.credentials.KubernetesCredentialReader;
import build.kiln.operator.imagebuild.BuildServices;
import build.kiln.operator.testing.ControlPlane;
import build.kiln.operator.testing.PlayedKubelet;
import build.kiln.operator.testing.RecordedServices;
import build.kiln.operator.testing.TestConfiguration;
import build.kiln.protocol.BuildResult.Pushed;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The whole operator against a real API server, watching one namespace of its own; git server and registry are played, and so
 * is the kubelet.
 */
@ExtendWith(ControlPlane.class)
abstract class LiveOperator {
    static final Duration LONGEST = Duration.ofSeconds(60);
    static final String INLINE = """
            apiVersion: kiln.build/v1alpha1
            kind: ImageBuild
            metadata: {name: hello}
            spec:
              source: {inline: {files: {Dockerfile: "FROM scratch"}}}
              output: {image: registry.example.com/demo/hello, tags: [v1]}
            """;
    static final String GIT = INLINE.replace(
            "{inline: {files: {Dockerfile: \"FROM scratch\"}}}",
            "{git: {url: \"https://git.example.com/hello.git\", revision: main}}");

    final ControlPlane.Access access;
    final KubernetesClient client;
    final PlayedKubelet kubelet;
    final RecordedServices services = new RecordedServices();
    private final List<AutoCloseable> toClose = new ArrayList<>();
    String namespace = "";

    LiveOperator(ControlPlane.Access access) {
        this.access = access;
        this.client = access.client();
        this.kubelet = new PlayedKubelet(client);
    }

    @BeforeEach
    void createNamespace() {
        namespace = createNamespace(Map.of());
    }

    @AfterEach
    void stopEverything() throws Exception {
        for (AutoCloseable closeable : toClose.reversed()) {
            closeable.close();
        }
        client.close();
    }

    OperatorProcess start() throws IOException {
        return start(Optional.empty());
    }

    OperatorProcess start(Optional<Replica> replica) throws IOException {
        return start(replica, "watchNamespaces: [" + namespace + "]\n");
    }

    OperatorProcess start(Optional<Replica> replica, String configuration) throws IOException {
        return start(access.client(), replica, configuration);
    }

    /** An operator with a connection of its own to the API server. */
    OperatorProcess start(KubernetesClient own) throws IOException {
        return start(own, Optional.empty(), "watchNamespaces: [" + namespace + "]\n");
    }

    private OperatorProcess start(KubernetesClient own, Optional<Replica> replica, String configuration)
            throws IOException {
        toClose.add(own);
        OperatorProcess process = new OperatorProcess(
                TestConfiguration.with(configuration),
                own,
                new BuildServices(new KubernetesCredentialReader(own), services, services),
                replica,
                Clock.systemUTC());
        toClose.add(process);
        process.start();
        return process;
    }

    String createNamespace(Map<String, String> labels) {
        Namespace created = client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withGenerateName("it-")
                        .withLabels(labels)
                        .endMetadata()
                        .build())
                .create();
        String name = created.getMetadata().getName();
        toClose.add(() -> client.namespaces().withName(name).delete());
        await("the default ServiceAccount of " + name)
                .atMost(LONGEST)
                .until(() -> client.serviceAccounts()
                                .inNamespace(name)
                                .withName("default")
                                .get()
                        != null);
        return name;
    }

    void apply(String yaml) {
        ImageBuild build = client.getKubernetesSerialization().unmarshal(yaml, ImageBuild.class);
        build.getMetadata().setNamespace(namespace);
        client.resource(build).forceConflicts().serverSideApply();
    }

    /** As {@code kubectl annotate} does: whatever version the operator has just written. */
    void annotate(String annotation, String token) {
        build().patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"metadata\": {\"annotations\": {\"%s\": \"%s\"}}}".formatted(annotation, token));
    }

    Resource<ImageBuild> build() {
        return client.resources(ImageBuild.class).inNamespace(namespace).withName("hello");
    }

    ImageBuildStatus status() {
        return Objects.requireNonNullElseGet(build().require().getStatus(), ImageBuildStatus::empty);
    }

    Run run() {
        return Objects.requireNonNull(status().run(), "no run");
    }

    Summary summary() {
        return Objects.requireNonNull(status().summary(), "no summary");
    }

    Failure failure() {
        return Objects.requireNonNull(status().failure(), "no failure");
    }

    Condition condition(String type) {
        return Objects.requireNonNull(status().conditions()).stream()
                .filter(condition -> condition.type().equals(type))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no condition " + type + " in " + status().conditions()));
    }

    ImageBuildStatus awaitPhase(Run.Phase phase) {
        return awaitStatus("phase " + phase, () -> {
            ImageBuildStatus status = status();
            return status.run() != null && status.run().phase() == phase ? status : null;
        });
    }

    void awaitReason(String reason) {
        awaitStatus("reason " + reason, () -> condition("Ready").reason().equals(reason) ? status() : null);
    }

    static ImageBuildStatus awaitStatus(String what, Callable<@Nullable ImageBuildStatus> status) {
        return Objects.requireNonNull(await(what).atMost(LONGEST).until(status, Objects::nonNull));
    }

    List<Pod> awaitPods(int count) {
        return await(count + " pods").atMost(LONGEST).until(this::pods, pods -> pods.size() == count);
    }

    List<Pod> pods() {
        return client.pods().inNamespace(namespace).list().getItems().stream()
                .sorted(Comparator.comparing(pod -> pod.getMetadata().getName()))
                .toList();
    }

    void awaitEvents(String... reasons) {
        await("events")
                .atMost(LONGEST)
                .untilAsserted(() -> assertThat(client.events()
                                .v1()
                                .events()
                                .inNamespace(namespace)
                                .list()
                                .getItems())
                        .extracting(Event::getReason)
                        .contains(reasons));
    }

    List<Event> eventsOf(String reason) {
        return client.events().v1().events().inNamespace(namespace).list().getItems().stream()
                .filter(event -> event.getReason().equals(reason))
                .toList();
    }

    static Pushed pushed() {
        return new Pushed("application/vnd.oci.image.manifest.v1+json", "sha256:" + "d".repeat(64), 500);
    }

    static List<String> uids(List<Pod> pods) {
        return pods.stream().map(LiveOperator::uid).toList();
    }

    static String uid(Pod pod) {
        return pod.getMetadata().getUid();
    }
}
