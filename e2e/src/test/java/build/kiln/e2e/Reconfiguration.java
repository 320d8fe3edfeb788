package build.kiln.e2e;

import java.time.Duration;
import org.awaitility.Awaitility;

/** A change of the chart's values that is taken back at the end. */
final class Reconfiguration implements AutoCloseable {
    private static final String NAMESPACE = "kiln-system";

    private final Cluster cluster;

    Reconfiguration(Cluster cluster) {
        this.cluster = cluster;
    }

    /** Runs a command of Helm, and waits until no operator with the earlier configuration is left: it could take the next build. */
    void helm(Object... command) {
        Object[] all = new Object[command.length + 5];
        System.arraycopy(command, 0, all, 0, command.length);
        System.arraycopy(
                new Object[] {"--namespace", NAMESPACE, "--wait", "--timeout", "2m"}, 0, all, command.length, 5);
        cluster.tool("helm", all).within(Duration.ofMinutes(3)).output();
        Awaitility.await("only the new operator runs")
                .atMost(Duration.ofMinutes(1))
                .until(() -> cluster.client()
                                .pods()
                                .inNamespace(NAMESPACE)
                                .withLabel("app.kubernetes.io/name", "kiln-operator")
                                .list()
                                .getItems()
                                .size()
                        == 1);
    }

    @Override
    public void close() {
        helm("rollback", "kiln");
    }
}
