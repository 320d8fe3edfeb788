package build.kiln.operator.worker;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;

/** Reads a worker pod. Pure; what the pod says is taken as hostile input. */
public final class WorkerPodReader {
    private final Duration startTimeout;

    /**
     * @param startTimeout longest time from the pod's creation to the worker's start
     */
    public WorkerPodReader(Duration startTimeout) {
        this.startTimeout = startTimeout;
    }

    /** What the pod says at a moment. */
    @SuppressWarnings("DoNotCallSuggester")
    public WorkerObservation read(Pod pod, Instant now) {
        throw new UnsupportedOperationException("" + startTimeout + pod + now);
    }
}
