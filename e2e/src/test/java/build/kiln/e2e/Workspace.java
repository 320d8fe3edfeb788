package build.kiln.e2e;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.Condition.Status;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** A namespace of one scenario, and what a user does and sees in it. */
final class Workspace implements AutoCloseable {
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final Duration BUILD_DEADLINE = Duration.ofMinutes(5);

    private final Cluster cluster;
    private final String namespace;

    private Workspace(Cluster cluster, String namespace) {
        this.cluster = cluster;
        this.namespace = namespace;
    }

    static Workspace create(Cluster cluster, String podSecurityLevel) {
        String name = "scenario-" + COUNTER.incrementAndGet();
        cluster.client()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .addToLabels("pod-security.kubernetes.io/enforce", podSecurityLevel)
                        .endMetadata()
                        .build())
                .create();
        return new Workspace(cluster, name);
    }

    Cluster cluster() {
        return cluster;
    }

    String namespace() {
        return namespace;
    }

    KubernetesClient client() {
        return cluster.client();
    }

    /** A repository in the cluster's open registry that no other scenario uses. */
    String repository(String name) {
        return cluster.registry() + "/" + namespace + "/" + name;
    }

    Registry registry() {
        return new Registry(cluster);
    }

    GitRepository gitRepository(String name) {
        return GitRepository.create(cluster, namespace + "-" + name);
    }

    /** Applies an ImageBuild of this name; {@code spec} is YAML. */
    void apply(String name, String spec) {
        ImageBuild build = Serialization.unmarshal("""
                apiVersion: kiln.build/v1alpha1
                kind: ImageBuild
                metadata: {name: %s, namespace: %s}
                spec:
                %s""".formatted(name, namespace, spec.indent(2)), ImageBuild.class);
        client().resource(build).serverSideApply();
    }

    void requestRebuild(String name, String token) {
        annotate(name, ImageBuild.REBUILD_ANNOTATION, token);
    }

    void annotate(String name, String annotation, String token) {
        build(name)
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"metadata\": {\"annotations\": {\"%s\": \"%s\"}}}".formatted(annotation, token));
    }

    void delete(String name) {
        build(name).delete();
    }

    /** Waits until the run of the present generation has ended, and returns its status. */
    ImageBuildStatus awaitFinished(String name) {
        return await(name, BUILD_DEADLINE, build -> isFinished(build, 1));
    }

    /** Waits until the run with this number, or a later one, has ended. */
    ImageBuildStatus awaitFinished(String name, int run) {
        return await(name, BUILD_DEADLINE, build -> isFinished(build, run));
    }

    ImageBuildStatus awaitSucceeded(String name) {
        return awaitSucceeded(name, 1);
    }

    /** Waits until the run with this number, or a later one, has ended well. */
    ImageBuildStatus awaitSucceeded(String name, int run) {
        ImageBuildStatus status = awaitFinished(name, run);
        if (condition(status, "Ready").status() != Status.True) {
            throw new AssertionError("the build failed:\n" + Serialization.asYaml(status) + workerLogs());
        }
        return status;
    }

    /** Waits until every platform's worker runs. */
    ImageBuildStatus awaitBuilding(String name) {
        return await(name, status -> {
            List<PlatformStatus> platforms = Objects.requireNonNullElse(status.platforms(), List.of());
            return !platforms.isEmpty()
                    && platforms.stream().allMatch(platform -> platform.state() == PlatformStatus.State.Building);
        });
    }

    /** Waits until the status of the present generation says this. */
    ImageBuildStatus await(String name, Predicate<ImageBuildStatus> condition) {
        return await(name, BUILD_DEADLINE, build -> isObserved(build) && condition.test(build.getStatus()));
    }

    /** What the worker of a pod has printed so far; empty when there is no such pod. */
    String workerLog(String pod) {
        return cluster.tool("kubectl", "logs", pod, "--container", "worker", "--namespace", namespace)
                .result()
                .output();
    }

    /** Waits until no cache volume is left in the namespace. */
    void awaitNoVolumes() {
        client().persistentVolumeClaims()
                .inNamespace(namespace)
                .informOnCondition(List::isEmpty)
                .orTimeout(BUILD_DEADLINE.toSeconds(), TimeUnit.SECONDS)
                .join();
    }

    List<Pod> pods() {
        return client().pods().inNamespace(namespace).list().getItems();
    }

    void secret(String name, String type, Map<String, String> data) {
        client().resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace(namespace)
                        .endMetadata()
                        .withType(type)
                        .withStringData(data)
                        .build())
                .create();
    }

    String describe(String name) {
        return cluster.tool("kubectl", "describe", "imagebuild", name, "--namespace", namespace)
                .output();
    }

    static Condition condition(ImageBuildStatus status, String type) {
        return Objects.requireNonNull(status.conditions()).stream()
                .filter(condition -> condition.type().equals(type))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no condition " + type + " in " + status.conditions()));
    }

    static PlatformStatus platform(ImageBuildStatus status, String name) {
        return Objects.requireNonNull(status.platforms()).stream()
                .filter(platform -> platform.platform().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no platform " + name + " in " + status.platforms()));
    }

    private ImageBuildStatus await(String name, Duration deadline, Predicate<ImageBuild> condition) {
        try {
            ImageBuild build = build(name)
                    .waitUntilCondition(
                            current -> current != null && current.getStatus() != null && condition.test(current),
                            deadline.toSeconds(),
                            TimeUnit.SECONDS);
            return build.getStatus();
        } catch (RuntimeException e) {
            throw new AssertionError(
                    "the condition was not met within %s%n%s%n%s".formatted(deadline, describe(name), workerLogs()), e);
        }
    }

    private static boolean isFinished(ImageBuild build, int run) {
        ImageBuildStatus status = build.getStatus();
        Run current = status.run();
        return isObserved(build)
                && current != null
                && current.number() >= run
                && condition(status, "Finished").status() == Status.True;
    }

    private static boolean isObserved(ImageBuild build) {
        return Objects.equals(
                build.getStatus().observedGeneration(), build.getMetadata().getGeneration());
    }

    private String workerLogs() {
        StringBuilder logs = new StringBuilder();
        for (Pod pod : pods()) {
            for (String container : List.of("buildkitd", "worker")) {
                logs.append("--- ")
                        .append(pod.getMetadata().getName())
                        .append(' ')
                        .append(container)
                        .append('\n');
                logs.append(cluster.tool(
                                        "kubectl",
                                        "logs",
                                        pod.getMetadata().getName(),
                                        "--container",
                                        container,
                                        "--namespace",
                                        namespace,
                                        "--tail=40")
                                .result())
                        .append('\n');
            }
        }
        return logs.toString();
    }

    private Resource<ImageBuild> build(String name) {
        return client().resources(ImageBuild.class).inNamespace(namespace).withName(name);
    }

    @Override
    public void close() {
        client().namespaces().withName(namespace).delete();
    }
}
