package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * One round of a scenario in which something breaks: its builds, what watches them from outside of Kiln, and the reckoning at the
 * end. No build may be lost, no pod made twice, no tag be wrong or half at any moment, and nothing stay behind.
 */
final class Chaos implements AutoCloseable {
    private static final Duration FINISH_DEADLINE = Duration.ofMinutes(4);
    private static final Duration CLEANUP_DEADLINE = Duration.ofMinutes(2);

    private final String scenario;
    private final long seed;
    private final List<Workspace> workspaces;
    private final Cluster cluster;
    private final List<ChaosBuild> builds = new ArrayList<>();
    private final Map<String, Object> more = new LinkedHashMap<>();
    private final PodWitness pods;
    private final TagWitness tags;
    private final Random random;
    private final long start = System.nanoTime();

    Chaos(String scenario, long seed, Workspace... workspaces) {
        this.scenario = scenario;
        this.seed = seed;
        this.workspaces = List.of(workspaces);
        this.cluster = workspaces[0].cluster();
        this.random = new Random(seed);
        this.pods = new PodWitness(
                cluster.client(),
                Stream.of(workspaces).map(Workspace::namespace).collect(Collectors.toSet()));
        this.tags = new TagWitness(cluster.registryFolder());
    }

    /** A source of chance that gives the same for the same seed. */
    Random random() {
        return random;
    }

    PodWitness pods() {
        return pods;
    }

    ChaosBuild build(ChaosBuild build) {
        builds.add(build);
        tags.add(build);
        build.apply();
        return build;
    }

    /** Lets an outage last. */
    void pause(Duration duration) {
        try {
            Thread.sleep(duration);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Notes a figure of this scenario alone. */
    void note(String figure, Object value) {
        more.put(figure, value);
    }

    /** How many of the builds have ended, one way or the other. */
    private long finished() {
        return status().values().stream().filter(Chaos::isFinished).count();
    }

    /**
     * Waits for the end of all builds, checks everything, prints the figures and fails unless they are as promised.
     *
     * @return the last status of each build
     */
    Map<ChaosBuild, ImageBuildStatus> conclude() {
        awaitFinished();
        long seconds = Duration.ofNanos(System.nanoTime() - start).toSeconds();
        Map<ChaosBuild, ImageBuildStatus> ended = status();
        int retries = ended.values().stream().mapToInt(Chaos::attempts).sum()
                - ended.values().stream()
                        .mapToInt(status -> platforms(status).size())
                        .sum();
        List<String> lost = lost(ended);
        List<String> wrong = wrongTags(ended);
        List<String> leftovers = leftovers();
        List<String> duplicates = duplicates(ended);
        new ChaosFigures(
                        scenario,
                        seed,
                        builds.size(),
                        pods.all().size(),
                        retries,
                        lost.size(),
                        duplicates.size(),
                        wrong.size(),
                        leftovers.size(),
                        seconds,
                        more)
                .report();
        assertThat(lost).as("builds lost").isEmpty();
        assertThat(duplicates).as("duplicate pods").isEmpty();
        assertThat(wrong).as("wrong or half tags").isEmpty();
        assertThat(leftovers).as("leftovers").isEmpty();
        return ended;
    }

    private void awaitFinished() {
        try {
            Awaitility.await()
                    .atMost(FINISH_DEADLINE)
                    .pollInterval(Duration.ofMillis(500))
                    .ignoreExceptions()
                    .until(() -> finished() == builds.size());
        } catch (ConditionTimeoutException _) {
            // Those that have not finished are found and named below.
        }
    }

    private Map<ChaosBuild, ImageBuildStatus> status() {
        Map<ChaosBuild, ImageBuildStatus> all = new LinkedHashMap<>();
        for (Workspace workspace : workspaces) {
            for (ImageBuild found : imageBuilds(workspace)) {
                builds.stream()
                        .filter(build -> build.is(found) && found.getStatus() != null)
                        .forEach(build -> all.put(build, found.getStatus()));
            }
        }
        return all;
    }

    private List<String> lost(Map<ChaosBuild, ImageBuildStatus> ended) {
        List<String> lost = new ArrayList<>();
        for (ChaosBuild build : builds) {
            ImageBuildStatus status = ended.get(build);
            Condition.Status wanted = build.succeeds() ? Condition.Status.True : Condition.Status.False;
            if (status == null || !isFinished(status)) {
                lost.add(build.repository() + " has not finished:\n"
                        + build.workspace().describe(build.name()));
            } else if (Workspace.condition(status, "Ready").status() != wanted
                    || Objects.requireNonNull(status.run()).number() != 1) {
                lost.add(build.repository() + " ended otherwise:\n"
                        + build.workspace().describe(build.name()));
            }
        }
        return lost;
    }

    /** Pods that were made twice, and those of attempts that the status does not know. */
    private List<String> duplicates(Map<ChaosBuild, ImageBuildStatus> ended) {
        List<String> duplicates = new ArrayList<>(pods.duplicates());
        for (ChaosBuild build : builds) {
            int expected =
                    Optional.ofNullable(ended.get(build)).map(Chaos::attempts).orElse(0);
            List<Pod> made = pods.of(build);
            if (made.size() > expected) {
                duplicates.add(build.repository() + " had " + names(made) + " for " + expected + " attempts");
            }
        }
        return duplicates;
    }

    private List<String> wrongTags(Map<ChaosBuild, ImageBuildStatus> ended) {
        List<String> wrong = new ArrayList<>(tags.faults());
        RegistryFolder registry = cluster.registryFolder();
        for (ChaosBuild build : builds) {
            Optional<String> tag = registry.tag(build.repository(), ChaosBuild.TAG);
            ImageBuildStatus status = ended.get(build);
            Optional<String> claimed = Optional.ofNullable(status == null ? null : status.image())
                    .map(image -> image.substring(image.indexOf('@') + 1));
            if (!tag.equals(claimed) || tag.isPresent() != build.succeeds()) {
                wrong.add(build.repository() + ": the tag points at " + tag + ", the status names " + claimed);
            }
        }
        return wrong;
    }

    /** What is still there after the builds were deleted; the registry keeps the image and its tag. */
    private List<String> leftovers() {
        List<String> leftovers = new ArrayList<>();
        for (ChaosBuild build : builds) {
            cluster.registryFolder().tagsOf(build.repository()).stream()
                    .filter(tag -> !tag.equals(ChaosBuild.TAG))
                    .forEach(tag -> leftovers.add(build.repository() + ":" + tag));
        }
        workspaces.forEach(workspace -> cluster.client()
                .resources(ImageBuild.class)
                .inNamespace(workspace.namespace())
                .delete());
        try {
            Awaitility.await()
                    .atMost(CLEANUP_DEADLINE)
                    .pollInterval(Duration.ofMillis(500))
                    .until(() -> workspaces.stream().flatMap(this::objects).findAny(), Optional::isEmpty);
        } catch (ConditionTimeoutException _) {
            workspaces.stream().flatMap(this::objects).forEach(leftovers::add);
        }
        return leftovers;
    }

    /** Objects that Kiln could have made; what stood on a node that is no more is for Kubernetes to collect. */
    private Stream<String> objects(Workspace workspace) {
        KubernetesClient client = cluster.client();
        String namespace = workspace.namespace();
        Set<String> nodes = client.nodes().list().getItems().stream()
                .map(node -> node.getMetadata().getName())
                .collect(Collectors.toSet());
        return Stream.of(
                        imageBuilds(workspace),
                        workspace.pods().stream()
                                .filter(pod -> pod.getSpec().getNodeName() == null
                                        || nodes.contains(pod.getSpec().getNodeName()))
                                .toList(),
                        client.secrets().inNamespace(namespace).list().getItems(),
                        client.configMaps().inNamespace(namespace).list().getItems().stream()
                                .filter(map -> !map.getMetadata().getName().equals("kube-root-ca.crt"))
                                .toList())
                .flatMap(Collection::stream)
                .map(Chaos::describe);
    }

    private static String describe(HasMetadata object) {
        return object.getKind() + " " + object.getMetadata().getNamespace() + "/"
                + object.getMetadata().getName();
    }

    private static List<String> names(List<Pod> pods) {
        return pods.stream().map(pod -> pod.getMetadata().getName()).toList();
    }

    private List<ImageBuild> imageBuilds(Workspace workspace) {
        return cluster.client()
                .resources(ImageBuild.class)
                .inNamespace(workspace.namespace())
                .list()
                .getItems();
    }

    private static boolean isFinished(ImageBuildStatus status) {
        return status.conditions() != null
                && status.conditions().stream()
                        .anyMatch(condition ->
                                condition.type().equals("Finished") && condition.status() == Condition.Status.True);
    }

    private static int attempts(ImageBuildStatus status) {
        return platforms(status).stream()
                .mapToInt(platform -> Objects.requireNonNullElse(platform.attempt(), 0))
                .sum();
    }

    private static List<PlatformStatus> platforms(ImageBuildStatus status) {
        return Objects.requireNonNullElse(status.platforms(), List.of());
    }

    @Override
    public void close() {
        tags.close();
        pods.close();
    }
}
