package build.kiln.operator.imagebuild;

import build.kiln.operator.worker.WorkerPodFactory;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/**
 * What carrying out a decision needs.
 *
 * @param api the API server
 * @param services outside the cluster's pods
 * @param factory makes pods
 * @param pods in the API server
 * @param results ConfigMaps with what was published
 * @param outcomes says what to record of an act
 * @param outbound bounds how many git servers and registries are talked to at once
 * @param threads for calls that may run side by side
 */
record BuildTools(
        ClusterApi api,
        BuildServices services,
        WorkerPodFactory factory,
        WorkerPods pods,
        ResultConfigMaps results,
        ActOutcomes outcomes,
        Semaphore outbound,
        Supplier<ExecutorService> threads) {

    /** Talks to a git server or a registry, when there are not too many who do already. */
    <T> T outbound(Supplier<T> call) throws InterruptedException {
        outbound.acquire();
        try {
            return call.get();
        } finally {
            outbound.release();
        }
    }
}
