package build.kiln.e2e;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.SecretProjection;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.api.model.node.v1.RuntimeClassBuilder;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClassBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Makes worker pods fail in every way that has a meaning to the operator, and records what scheduler, kubelet and API server
 * say: the corpus that the operator's tests read. Run on request only, with {@code -Dkiln.record=true}.
 */
@EnabledIfSystemProperty(named = "kiln.record", matches = "true")
@ExtendWith(ClusterExtension.class)
class RecordFailuresE2e {
    // Before there are containers

    @Test
    void unschedulable(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(
                workspace, pod -> pod.getSpec().setNodeSelector(Map.of("kiln.build/no-such-label", "true")));
        worker.await(pod -> RecordedWorker.hasCondition(pod, "PodScheduled", "False"));
        worker.record("unschedulable");
    }

    @Test
    void refusedByTheKubelet(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(workspace, pod -> {
            pod.getSpec().setNodeName(RecordedWorker.nodeName(workspace));
            RecordedWorker.daemon(pod).getResources().getRequests().put("cpu", new Quantity("1000"));
        });
        worker.await(RecordedWorker::hasFailed);
        worker.record("kubelet-out-of-cpu");
    }

    @Test
    void imageThatIsNotThere(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(
                workspace, pod -> RecordedWorker.worker(pod).setImage(workspace.repository("no-such-image") + ":1"));
        worker.await(pod -> RecordedWorker.isWaiting(pod, "ErrImagePull"));
        worker.record("image-not-found");
        worker.await(pod -> RecordedWorker.isWaiting(pod, "ImagePullBackOff"));
        worker.record("image-not-found-back-off");
    }

    @Test
    void imageNameThatIsNone(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(
                workspace, pod -> RecordedWorker.worker(pod).setImage("registry.example.com/Not/An:Image:1"));
        worker.await(pod -> RecordedWorker.isWaiting(pod, "InvalidImageName"));
        worker.record("image-name-invalid");
    }

    @Test
    void missingSecret(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(workspace, pod -> mount(pod, "push", ".dockerconfigjson"));
        worker.awaitWarning("FailedMount");
        worker.record("secret-not-found");
    }

    @Test
    void missingKeyOfASecret(Workspace workspace) {
        workspace.secret("npm", "Opaque", Map.of("other", "value"));
        RecordedWorker worker = RecordedWorker.start(workspace, pod -> mount(pod, "npm", ".npmrc"));
        worker.awaitWarning("FailedMount");
        worker.record("secret-key-not-found");
    }

    @Test
    void sandboxThatCannotBeMade(Workspace workspace) {
        String name = workspace.namespace();
        var runtime = new RuntimeClassBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .withHandler("no-such-handler")
                .build();
        workspace.client().resource(runtime).create();
        try {
            RecordedWorker worker =
                    RecordedWorker.start(workspace, pod -> pod.getSpec().setRuntimeClassName(name));
            worker.awaitWarning("FailedCreatePodSandBox");
            worker.record("sandbox-failed");
        } finally {
            workspace.client().resource(runtime).delete();
        }
    }

    private static void mount(Pod pod, String secret, String key) {
        SecretProjection projection = new SecretProjection();
        projection.setName(secret);
        projection.setItems(List.of(new KeyToPath(key, null, "file")));
        pod.getSpec()
                .getVolumes()
                .add(new VolumeBuilder()
                        .withName("secrets")
                        .withNewProjected()
                        .addNewSource()
                        .withSecret(projection)
                        .endSource()
                        .endProjected()
                        .build());
        RecordedWorker.worker(pod)
                .getVolumeMounts()
                .add(new VolumeMountBuilder()
                        .withName("secrets")
                        .withMountPath("/run/secrets/recorded")
                        .build());
    }

    // While containers run

    @Test
    void workerOutOfMemory(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(workspace, pod -> limitMemory(RecordedWorker.worker(pod), "24Mi"));
        worker.await(RecordedWorker::hasWorkerEnded);
        worker.record("worker-out-of-memory");
    }

    @Test
    void stepOutOfMemory(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(
                workspace, "RUN tail /dev/zero", pod -> limitMemory(RecordedWorker.daemon(pod), "300Mi"));
        worker.await(RecordedWorker::hasWorkerEnded);
        worker.record("step-out-of-memory");
    }

    private static void limitMemory(Container container, String memory) {
        container.getResources().setRequests(Map.of("memory", new Quantity(memory)));
        container.getResources().setLimits(Map.of("memory", new Quantity(memory)));
    }

    @Test
    void nodeWithoutWhatTheProfileNeeds(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(workspace, pod -> {
            pod.getSpec().setHostUsers(null);
            RecordedWorker.daemon(pod).getSecurityContext().setProcMount(null);
        });
        worker.await(RecordedWorker::hasDaemonEnded);
        worker.record("node-unsupported");
    }

    @Test
    void moreDiskThanAllowed(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(
                workspace,
                pod -> pod.getSpec().getVolumes().stream()
                        .filter(volume -> volume.getName().equals("state"))
                        .forEach(volume -> volume.setEmptyDir(new EmptyDirVolumeSource(null, new Quantity("20Mi")))));
        worker.await(RecordedWorker::hasFailed);
        worker.record("evicted-over-disk-limit");
    }

    @Test
    void deadline(Workspace workspace) {
        RecordedWorker worker =
                RecordedWorker.start(workspace, pod -> pod.getSpec().setActiveDeadlineSeconds(15L));
        worker.await(RecordedWorker::hasFailed);
        worker.record("deadline-passed");
    }

    @Test
    void killed(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(workspace, pod -> {});
        Pod running = worker.await(RecordedWorker::isRunning);
        String id = running.getStatus().getContainerStatuses().getFirst().getContainerID();
        workspace.cluster().killContainer(id.substring(id.lastIndexOf('/') + 1));
        worker.await(RecordedWorker::hasWorkerEnded);
        worker.record("worker-killed");
    }

    @Test
    void deleted(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(workspace, pod -> {});
        Pod running = worker.await(RecordedWorker::isRunning);
        worker.recordEnd("deleted", () -> workspace.client().resource(running).delete());
    }

    @Test
    void evicted(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(workspace, pod -> {});
        Pod running = worker.await(RecordedWorker::isRunning);
        worker.recordEnd(
                "evicted", () -> workspace.client().pods().resource(running).evict());
    }

    @Test
    void preempted(Workspace workspace) {
        String name = workspace.namespace();
        var urgent = new PriorityClassBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .withValue(1000)
                .build();
        workspace.client().resource(urgent).create();
        try {
            RecordedWorker worker = RecordedWorker.start(workspace, pod -> requestMostOfTheNode(workspace, pod));
            worker.await(RecordedWorker::isRunning);
            worker.recordEnd(
                    "preempted",
                    () -> RecordedWorker.start(workspace, pod -> {
                        requestMostOfTheNode(workspace, pod);
                        pod.getMetadata().setName("urgent");
                        pod.getSpec().setPriorityClassName(name);
                    }));
        } finally {
            workspace.client().resource(urgent).delete();
        }
    }

    private static void requestMostOfTheNode(Workspace workspace, Pod pod) {
        Quantity cpu = Objects.requireNonNull(workspace
                .client()
                .nodes()
                .withName(RecordedWorker.nodeName(workspace))
                .get()
                .getStatus()
                .getAllocatable()
                .get("cpu"));
        long millis = cpu.getNumericalAmount().movePointRight(3).longValue() * 6 / 10;
        RecordedWorker.daemon(pod).getResources().getRequests().put("cpu", new Quantity(millis + "m"));
    }

    /** As the node controller does with a node that does not answer. */
    @Test
    void takenFromItsNode(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(workspace, pod -> {});
        worker.await(RecordedWorker::isRunning);
        var node = workspace.client().nodes().withName(RecordedWorker.nodeName(workspace));
        Taint taint = new Taint("NoExecute", "kiln.build/recording", null, "true");
        try {
            worker.recordEnd(
                    "taken-from-its-node",
                    () -> node.edit(current -> {
                        current.getSpec().getTaints().add(taint);
                        return current;
                    }));
        } finally {
            node.edit(current -> {
                current.getSpec().getTaints().removeIf(one -> one.getKey().equals(taint.getKey()));
                return current;
            });
        }
    }

    // What workers report

    @Test
    void stepThatFails(Workspace workspace) {
        RecordedWorker worker = RecordedWorker.start(workspace, "RUN echo one && echo two >&2 && exit 7", pod -> {});
        worker.await(RecordedWorker::hasWorkerEnded);
        worker.record("build-failed");
    }

    @Test
    void registryThatWantsCredentials(Workspace workspace) {
        String image = workspace.cluster().secureRegistry().host() + "/" + workspace.namespace() + "/app";
        RecordedWorker worker = RecordedWorker.start(workspace, "LABEL of=nobody", image, pod -> {});
        worker.await(RecordedWorker::hasWorkerEnded);
        worker.record("registry-auth-failed");
    }

    // What the API server refuses

    @Test
    void quota(Workspace workspace) {
        Pod pod = RecordedWorker.pod(workspace);
        workspace
                .client()
                .resource(new ResourceQuotaBuilder()
                        .withNewMetadata()
                        .withName("builds")
                        .withNamespace(workspace.namespace())
                        .endMetadata()
                        .withNewSpec()
                        .addToHard("pods", new Quantity("0"))
                        .endSpec()
                        .build())
                .create();
        workspace
                .client()
                .resourceQuotas()
                .inNamespace(workspace.namespace())
                .withName("builds")
                .waitUntilCondition(
                        quota -> quota != null
                                && quota.getStatus() != null
                                && quota.getStatus().getHard() != null
                                && !quota.getStatus().getHard().isEmpty(),
                        1,
                        TimeUnit.MINUTES);
        Recording.write("quota-exceeded", refusal(workspace, pod));
    }

    @Test
    void podSecurity(Workspace workspace) {
        Pod pod = RecordedWorker.pod(workspace);
        workspace.client().namespaces().withName(workspace.namespace()).edit(namespace -> {
            namespace.getMetadata().getLabels().put("pod-security.kubernetes.io/enforce", "restricted");
            return namespace;
        });
        Recording.write("pod-security", refusal(workspace, pod));
    }

    @Test
    void webhookThatDoesNotAnswer(Workspace workspace) {
        Pod pod = RecordedWorker.pod(workspace);
        String name = workspace.namespace();
        var webhook = new ValidatingWebhookConfigurationBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .addNewWebhook()
                .withName("policies.example.com")
                .withAdmissionReviewVersions("v1")
                .withSideEffects("None")
                .withTimeoutSeconds(2)
                .withNewNamespaceSelector()
                .addToMatchLabels("kubernetes.io/metadata.name", name)
                .endNamespaceSelector()
                .withNewClientConfig()
                .withUrl("https://127.0.0.1:9/validate")
                .endClientConfig()
                .addNewRule()
                .withApiGroups("")
                .withApiVersions("v1")
                .withOperations("CREATE")
                .withResources("pods")
                .endRule()
                .endWebhook()
                .build();
        workspace.client().resource(webhook).create();
        try {
            AtomicInteger attempts = new AtomicInteger();
            Awaitility.await("the webhook counts")
                    .atMost(Duration.ofMinutes(1))
                    .ignoreException(NullPointerException.class)
                    .untilAsserted(() -> {
                        pod.getMetadata().setName("app-1-linux-amd64-" + attempts.incrementAndGet());
                        Recording.write("webhook-down", refusal(workspace, pod));
                    });
        } finally {
            workspace.client().resource(webhook).delete();
        }
    }

    private static KubernetesClientException refusal(Workspace workspace, Pod pod) {
        Config impatient = new ConfigBuilder(workspace.client().getConfiguration())
                .withRequestRetryBackoffLimit(0)
                .build();
        try (KubernetesClient client =
                new KubernetesClientBuilder().withConfig(impatient).build()) {
            return Objects.requireNonNull(catchThrowableOfType(
                    KubernetesClientException.class, () -> client.resource(pod).create()));
        }
    }
}
