package build.kiln.operator.cleanup;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.worker.WorkerLabels;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for orphans from time to time, in the API server itself: what no cache knows is found too. Deletes a pod only as it was
 * read; one that has changed since is looked at again the next time.
 */
public final class OrphanSweep implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OrphanSweep.class);

    private final KubernetesClient client;
    private final Collection<String> namespaces;
    private final Duration interval;
    private final MeterRegistry meters;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("orphan-sweep").factory());

    /**
     * @param client for the API server
     * @param namespaces that are served; empty for all
     * @param interval between the end of a search and the start of the next
     * @param meters counts what was removed
     */
    public OrphanSweep(
            KubernetesClient client, Collection<String> namespaces, Duration interval, MeterRegistry meters) {
        this.client = client;
        this.namespaces = List.copyOf(namespaces);
        this.interval = interval;
        this.meters = meters;
    }

    /** Begins, with a search at once. Only the active replica does. */
    public void start() {
        var _ = timer.scheduleWithFixedDelay(this::sweepOrSayWhy, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    /** One search. */
    void sweep() {
        if (namespaces.isEmpty()) {
            sweep(
                    () -> client.pods()
                            .inAnyNamespace()
                            .withLabelSelector(WorkerLabels.SELECTOR)
                            .list()
                            .getItems(),
                    () -> client.resources(ImageBuild.class)
                            .inAnyNamespace()
                            .list()
                            .getItems());
        } else {
            namespaces.forEach(namespace -> sweep(
                    () -> client.pods()
                            .inNamespace(namespace)
                            .withLabelSelector(WorkerLabels.SELECTOR)
                            .list()
                            .getItems(),
                    () -> client.resources(ImageBuild.class)
                            .inNamespace(namespace)
                            .list()
                            .getItems()));
        }
    }

    private void sweep(Live<Pod> pods, Live<ImageBuild> builds) {
        List<Pod> found = pods.list();
        if (!found.isEmpty()) {
            Orphan.among(found, builds.list()).forEach(this::remove);
        }
    }

    private void sweepOrSayWhy() {
        try {
            sweep();
        } catch (KubernetesClientException e) {
            LOG.atWarn().addKeyValue("cause", e.getMessage()).log("orphans are looked for again later");
        } catch (RuntimeException e) {
            // The timer would never run again.
            LOG.atError().setCause(e).log("looking for orphans failed");
        }
    }

    private void remove(Orphan orphan) {
        Pod pod = orphan.pod();
        try {
            client.resource(pod)
                    .lockResourceVersion(pod.getMetadata().getResourceVersion())
                    .delete();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                return;
            }
            throw e;
        }
        LOG.atInfo()
                .addKeyValue("namespace", pod.getMetadata().getNamespace())
                .addKeyValue("pod", pod.getMetadata().getName())
                .addKeyValue("reason", orphan.reason())
                .log("a worker pod that nothing owns any more is removed");
        Counter.builder("kiln.orphans.removed")
                .description("Worker pods that nothing owned any more")
                .tag("reason", orphan.reason().name())
                .register(meters)
                .increment();
    }

    /** Reads objects from the API server. */
    private interface Live<T> {
        List<T> list();
    }
}
