package build.kiln.e2e;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * The cluster of the scenarios, with Kiln installed the way a user installs it: images by digest, through the chart. One for
 * all scenarios; taken down at the end, unless {@code -Dkiln.keepCluster=true} keeps it for the next try.
 */
final class Cluster implements AutoCloseable {
    private static final String NAME = "kiln-e2e";
    private static final Path ROOT = Path.of(System.getProperty("kiln.root", ".."));
    private static final Path SCRIPT = ROOT.resolve("kiln").toAbsolutePath();
    private static final Path CHART = ROOT.resolve("helm/kiln").toAbsolutePath();
    private static final Duration COMPONENT_DEADLINE = Duration.ofMinutes(1);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Status status;
    private final KubernetesClient client;

    private Cluster(Status status) {
        this.status = status;
        this.client = new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(status.kubeconfig().toFile()))
                .build();
    }

    static Cluster start() {
        kiln(Duration.ofMinutes(40), "cluster", "up");
        try {
            Cluster cluster = new Cluster(read(kiln(Duration.ofMinutes(1), "cluster", "status", "-o", "json")));
            cluster.install(kiln(Duration.ofMinutes(15), "images").lines().toList());
            return cluster;
        } catch (RuntimeException | Error e) {
            takeDown();
            throw e;
        }
    }

    KubernetesClient client() {
        return client;
    }

    String registry() {
        return status.registry();
    }

    SecureRegistry secureRegistry() {
        return status.secureRegistry();
    }

    Git git() {
        return status.git();
    }

    /** Adds a node that claims an architecture, and waits until it takes pods. */
    void addNode(String name, String architecture) {
        add(name, "--arch", architecture);
    }

    /** Adds a node whose container runtime gives pods no user namespaces, and waits until it takes pods. */
    void addNodeWithoutUserNamespaces(String name) {
        add(name, "--no-user-namespaces");
    }

    private void add(String name, String... options) {
        kiln(
                Duration.ofMinutes(3),
                Stream.concat(Stream.of("cluster", "add-node", name), Stream.of(options))
                        .toArray());
        client.nodes()
                .withName(name)
                .waitUntilCondition(
                        node -> node != null
                                && node.getStatus().getConditions().stream()
                                        .anyMatch(
                                                condition -> condition.getType().equals("Ready")
                                                        && condition.getStatus().equals("True")),
                        2,
                        TimeUnit.MINUTES);
    }

    /** A program among the cluster's tools. */
    Path program(String name) {
        return status.bin().resolve(name);
    }

    /** A tool of the cluster, such as kubectl or crane, pointed at it. */
    Command tool(String name, Object... arguments) {
        Object[] all = new Object[arguments.length + 1];
        all[0] = status.bin().resolve(name);
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return Command.of(all)
                .with("KUBECONFIG", status.kubeconfig().toString())
                .with("SSL_CERT_FILE", status.secureRegistry().caFile().toString());
    }

    void killContainer(String id) {
        process(id)
                .orElseThrow(() -> new AssertionError("no process of container " + id))
                .destroyForcibly();
    }

    /** The plain registry, in the network that pods reach it in. */
    ProcessHandle registryProcess() {
        return ProcessHandle.allProcesses()
                .filter(candidate -> candidate
                                .info()
                                .command()
                                .filter(program -> program.endsWith("/registry"))
                                .isPresent()
                        && candidate
                                .info()
                                .commandLine()
                                .filter(line -> line.contains(status.stateDir().toString()))
                                .isPresent())
                .min(Comparator.comparingLong(ProcessHandle::pid))
                .orElseThrow(() -> new AssertionError("no process of the cluster's registry"));
    }

    /** The first process of a container, found by the container's id in its cgroup's path. */
    Optional<ProcessHandle> process(String id) {
        return ProcessHandle.allProcesses()
                .filter(candidate -> cgroups(candidate.pid()).contains(id))
                .min(Comparator.comparingLong(ProcessHandle::pid));
    }

    /** Kills a daemon of the cluster, or everything on a node of it. */
    void stop(String component) {
        kiln(COMPONENT_DEADLINE, "cluster", "stop", component);
    }

    /** Lets a daemon stand still: it holds its connections and answers nobody. */
    void pause(String component) {
        kiln(COMPONENT_DEADLINE, "cluster", "pause", component);
    }

    /** Undoes {@link #stop} and {@link #pause}, whether they were called or not. */
    void start(String component) {
        kiln(COMPONENT_DEADLINE, "cluster", "start", component);
    }

    void addNode(String name) {
        kiln(Duration.ofMinutes(3), "cluster", "add-node", name);
    }

    void removeNode(String name) {
        kiln(COMPONENT_DEADLINE, "cluster", "remove-node", name);
    }

    /** Upgrades Kiln with changed values of the chart. */
    void upgrade(String... settings) {
        List<Object> arguments = new ArrayList<>(List.of("upgrade", "kiln", CHART, "--namespace", "kiln-system"));
        arguments.addAll(List.of("--reuse-values", "--wait", "--timeout", "2m"));
        for (String setting : settings) {
            arguments.addAll(List.of("--set", setting));
        }
        tool("helm", arguments.toArray()).within(Duration.ofMinutes(3)).output();
    }

    /** Waits until the API server serves requests again. */
    void awaitApiServer() {
        Awaitility.await("the API server answers")
                .atMost(COMPONENT_DEADLINE)
                .ignoreExceptions()
                .until(() -> client.raw("/readyz"), "ok"::equals);
    }

    /** What the open registry keeps on the disk. */
    RegistryFolder registryFolder() {
        return new RegistryFolder(status.stateDir().resolve("registry/docker/registry/v2"));
    }

    private static String cgroups(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "cgroup"));
        } catch (IOException e) {
            return ""; // The process ended in the meantime.
        }
    }

    /** Makes the image of a set of native programs, has it in the open registry, and returns its reference. */
    String pushTwins(String set) {
        return kiln(Duration.ofMinutes(10), "twins", "--push", set)
                .lines()
                .toList()
                .getLast();
    }

    /** Kiln with other values of the chart, given as YAML, until the result is closed. */
    Reconfiguration reconfigure(String values) {
        Path file = temporary("kiln-e2e-change", values);
        Reconfiguration change = new Reconfiguration(this);
        try {
            change.helm(
                    "upgrade",
                    "kiln",
                    ROOT.resolve("helm/kiln").toAbsolutePath(),
                    "--reset-then-reuse-values",
                    "--values",
                    file);
        } catch (RuntimeException | Error e) {
            change.close();
            throw e;
        }
        return change;
    }

    private void install(List<String> images) {
        Path values = writeValues(images);
        tool(
                        "helm",
                        "upgrade",
                        "--install",
                        "kiln",
                        CHART,
                        "--namespace",
                        "kiln-system",
                        "--create-namespace",
                        "--values",
                        values,
                        "--wait",
                        "--timeout",
                        "2m")
                .within(Duration.ofMinutes(3))
                .output();
    }

    private Path writeValues(List<String> images) {
        try {
            String ca = Files.readString(status.secureRegistry().caFile()).indent(6);
            return temporary("kiln-e2e-values", """
                    image:
                    %s
                    registries:
                    - host: docker.io
                      mirrors: ["%s"]
                    - host: "%s"
                      insecure: true
                    - host: "%s"
                      ca: |
                    %s
                    """.formatted(
                            images.stream().map(Cluster::imageValue).collect(Collectors.joining("\n")),
                            status.registry(),
                            status.registry(),
                            status.secureRegistry().host(),
                            ca));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path temporary(String name, String content) {
        try {
            Path file = Files.createTempFile(name, ".yaml");
            file.toFile().deleteOnExit();
            return Files.writeString(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String imageValue(String reference) {
        int at = reference.indexOf('@');
        String repository = reference.substring(0, at);
        String name = repository.substring(repository.lastIndexOf('/') + 1);
        return "  %s: {repository: \"%s\", digest: \"%s\"}".formatted(name, repository, reference.substring(at + 1));
    }

    private static String kiln(Duration deadline, Object... arguments) {
        Object[] all = new Object[arguments.length + 1];
        all[0] = SCRIPT;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return Command.of(all).with("KILN_CLUSTER", NAME).within(deadline).output();
    }

    private static void takeDown() {
        kiln(Duration.ofMinutes(3), "cluster", "down");
    }

    @Override
    public void close() {
        client.close();
        if (!Boolean.getBoolean("kiln.keepCluster")) {
            takeDown();
        }
    }

    private static Status read(String json) {
        try {
            return JSON.readValue(json, Status.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("kiln cluster status -o json printed " + json, e);
        }
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Status(Path kubeconfig, Path bin, Path stateDir, String registry, SecureRegistry secureRegistry, Git git) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    record SecureRegistry(String host, String username, String password, Path caFile) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Git(String url, Path repositories) {}
}
