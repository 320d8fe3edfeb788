package build.kiln.operator;

import build.kiln.operator.worker.WorkerLabels;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Keeps a record of the worker pods of some namespaces, in the order in which the API server stored what happened to them. */
final class PodLedger implements Watcher<Pod>, AutoCloseable {
    private final Set<String> namespaces;
    private final Watch watch;
    private final Map<String, Pod> live = new LinkedHashMap<>();
    private final List<String> starts = new ArrayList<>();
    private int most;
    private @Nullable WatcherException cut;

    PodLedger(KubernetesClient client, Set<String> namespaces) {
        this.namespaces = namespaces;
        this.watch = client.pods()
                .inAnyNamespace()
                .withLabelSelector(WorkerLabels.SELECTOR)
                .watch(this);
    }

    @Override
    public synchronized void eventReceived(Action action, Pod pod) {
        String namespace = pod.getMetadata().getNamespace();
        if (!namespaces.contains(namespace)) {
            return;
        }
        String key = namespace + "/" + pod.getMetadata().getName();
        if (action == Action.ADDED) {
            starts.add(namespace);
        }
        boolean ended = List.of("Succeeded", "Failed").contains(pod.getStatus().getPhase());
        if (action == Action.DELETED || ended) {
            live.remove(key);
        } else {
            live.put(key, pod);
        }
        most = Math.max(most, live.size());
    }

    @Override
    public synchronized void onClose(@Nullable WatcherException cause) {
        cut = cause;
    }

    /** Pods that have not ended, the oldest first. */
    synchronized List<Pod> live() {
        if (cut != null) {
            throw new IllegalStateException("the watch was cut", cut);
        }
        return List.copyOf(live.values());
    }

    /** The namespaces of all pods, in the order in which the pods were created. */
    synchronized List<String> starts() {
        return List.copyOf(starts);
    }

    /** The largest number of pods that had not ended, at any moment. */
    synchronized int most() {
        return most;
    }

    @Override
    public void close() {
        watch.close();
    }
}
