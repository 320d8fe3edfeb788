package build.kiln.operator.cleanup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.testing.ControlPlane;
import build.kiln.operator.worker.WorkerLabels;
import build.kiln.operator.worker.WorkerPodName;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(ControlPlane.class)
class OrphanSweepIT {
    private static final Duration LONGEST = Duration.ofSeconds(60);
    private static final String BUILD = """
            apiVersion: kiln.build/v1alpha1
            kind: ImageBuild
            metadata: {name: hello}
            spec:
              source: {inline: {files: {Dockerfile: "FROM scratch"}}}
              output: {image: registry.example.com/demo/hello}
            """;

    private final KubernetesClient client;
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private String namespace = "";

    OrphanSweepIT(ControlPlane.Access access) {
        client = access.client();
    }

    @BeforeEach
    void createNamespace() {
        namespace = client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withGenerateName("it-")
                        .endMetadata()
                        .build())
                .create()
                .getMetadata()
                .getName();
        await("the default ServiceAccount")
                .atMost(LONGEST)
                .until(() -> client.serviceAccounts()
                                .inNamespace(namespace)
                                .withName("default")
                                .get()
                        != null);
    }

    @AfterEach
    void deleteNamespace() {
        client.namespaces().withName(namespace).delete();
        client.close();
    }

    @Test
    void removesThePodsThatWereKeptWhenTheirBuildWasDeletedAndNothingElse() {
        ImageBuild build = create();
        worker("hello", build, List.of(reference(build)));
        Pod own = client.resource(pod("app", Map.of("app", "web"), List.of())).create();
        Pod copied = client.resource(pod("hello-copy", WorkerLabels.of("hello", 1, "linux/amd64", 1), List.of()))
                .create();
        client.resource(build).withPropagationPolicy(DeletionPropagation.ORPHAN).delete();
        await("the worker pod without its owner")
                .atMost(LONGEST)
                .until(() -> client.resources(ImageBuild.class)
                                .inNamespace(namespace)
                                .list()
                                .getItems()
                                .isEmpty()
                        && client.pods()
                                .inNamespace(namespace)
                                .withName("hello-1-linux-amd64-1")
                                .require()
                                .getMetadata()
                                .getOwnerReferences()
                                .isEmpty());

        sweep();

        assertThat(pods()).containsExactlyInAnyOrder(name(own), name(copied));
        assertThat(meters.get("kiln.orphans.removed")
                        .tag("reason", "OwnerGone")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void leavesThePodsOfABuildThatIsThere() {
        ImageBuild build = create();
        worker("hello", build, List.of(reference(build)));

        sweep();

        assertThat(pods()).containsExactly("hello-1-linux-amd64-1");
        assertThat(meters.getMeters()).isEmpty();
    }

    @Test
    void searchesTheWholeClusterWhenAllNamespacesAreServed() {
        ImageBuild gone = create();
        client.resource(gone).delete();
        worker("hello", gone, List.of());

        try (OrphanSweep everywhere = new OrphanSweep(client, List.of(), Duration.ofHours(1), meters)) {
            everywhere.start();
            await("no pods").atMost(LONGEST).until(() -> pods().isEmpty());
        }
    }

    private void sweep() {
        try (OrphanSweep one = new OrphanSweep(client, List.of(namespace), Duration.ofHours(1), meters)) {
            one.sweep();
        }
    }

    private ImageBuild create() {
        ImageBuild build = client.getKubernetesSerialization().unmarshal(BUILD, ImageBuild.class);
        build.getMetadata().setNamespace(namespace);
        return client.resource(build).create();
    }

    private void worker(String name, ImageBuild build, List<OwnerReference> owners) {
        Pod pod = pod(WorkerPodName.of(name, 1, "linux/amd64", 1), WorkerLabels.of(name, 1, "linux/amd64", 1), owners);
        pod.getMetadata()
                .setAnnotations(Map.of(
                        WorkerLabels.OWNER_NAME,
                        name,
                        WorkerLabels.OWNER_UID,
                        build.getMetadata().getUid()));
        client.resource(pod).create();
    }

    private Pod pod(String name, Map<String, String> labels, List<OwnerReference> owners) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(name)
                .withLabels(labels)
                .withOwnerReferences(owners)
                .endMetadata()
                .withNewSpec()
                .withTerminationGracePeriodSeconds(0L)
                .addNewContainer()
                .withName("main")
                .withImage("registry.example.com/main")
                .endContainer()
                .endSpec()
                .build();
    }

    private static OwnerReference reference(ImageBuild build) {
        return new OwnerReferenceBuilder()
                .withApiVersion("kiln.build/v1alpha1")
                .withKind("ImageBuild")
                .withName(build.getMetadata().getName())
                .withUid(build.getMetadata().getUid())
                .withController(true)
                .build();
    }

    private List<String> pods() {
        return client.pods().inNamespace(namespace).list().getItems().stream()
                .map(OrphanSweepIT::name)
                .toList();
    }

    private static String name(Pod pod) {
        return pod.getMetadata().getName();
    }
}
