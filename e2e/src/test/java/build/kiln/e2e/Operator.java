package build.kiln.e2e;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;

/** The operator's process, treated roughly. */
final class Operator {
    private static final Duration RESTART_DEADLINE = Duration.ofMinutes(2);

    private final Cluster cluster;

    Operator(Cluster cluster) {
        this.cluster = cluster;
    }

    /**
     * Changes values of the chart, such as {@code admission.maxRunning=4}, and waits until no operator works that does not know
     * them; null takes a value back.
     */
    void configure(String... settings) {
        cluster.upgrade(settings);
        Awaitility.await("the operator before is gone").atMost(RESTART_DEADLINE).until(() -> pods().size() == 1);
    }

    /** SIGKILL, as the kernel would do it: no shutdown hook runs. Returns the id of the container, which is not used again. */
    String kill() {
        Container container = container(_ -> true);
        container.process().destroyForcibly();
        return container.id();
    }

    /** Waits until a container after the one with this id runs. */
    void awaitRestart(String id) {
        container(other -> !other.equals(id));
    }

    /** Lets the process stand still, as a long pause of its machine would. */
    void freeze() {
        signal("-STOP");
    }

    void thaw() {
        signal("-CONT");
    }

    private void signal(String signal) {
        Command.of("kill", signal, container(_ -> true).process().pid()).output();
    }

    private record Container(String id, ProcessHandle process) {}

    /** Waits until a wanted container runs; the API server tells of one that has ended for a while. */
    private Container container(Predicate<String> wanted) {
        return Awaitility.await("a container of the operator runs")
                .pollInterval(100, TimeUnit.MILLISECONDS)
                .atMost(RESTART_DEADLINE)
                .until(
                        () -> pods().stream()
                                .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
                                .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
                                .filter(container -> container.getState().getRunning() != null)
                                .map(Operator::id)
                                .filter(wanted)
                                .flatMap(id -> cluster.process(id).map(process -> new Container(id, process)).stream())
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    private static String id(ContainerStatus container) {
        String id = container.getContainerID();
        return id.substring(id.lastIndexOf('/') + 1);
    }

    private List<Pod> pods() {
        return cluster.client()
                .pods()
                .inNamespace("kiln-system")
                .withLabel("app.kubernetes.io/name", "kiln-operator")
                .list()
                .getItems();
    }
}
