package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.protocol.BuildResult;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What a worker pod says, read at one moment. */
public sealed interface WorkerObservation {
    /**
     * The worker has not started yet.
     *
     * @param reason one word: Unschedulable, Scheduled, PullingImage, ImagePullBackOff, ContainerCreating, ...
     * @param message the same for people
     * @param since when the pod was created
     * @param deadline read the pod again then at the latest: the answer will be {@link Failed}, unless somebody holds the
     *     pod back from the scheduler
     */
    record Waiting(String reason, String message, Instant since, Instant deadline) implements WorkerObservation {}

    /**
     * The build is under way.
     *
     * @param startTime when the worker container started
     * @param nodeName the node it runs on
     * @param deadline read the pod again then at the latest: the answer will be {@link Failed}
     */
    record Running(Instant startTime, String nodeName, Instant deadline) implements WorkerObservation {}

    /**
     * The platform is built and pushed.
     *
     * @param result as the worker reported it, checked
     * @param startTime when the worker container started
     * @param completionTime when it ended
     * @param nodeName the node it ran on
     */
    record Succeeded(BuildResult.Succeeded result, Instant startTime, Instant completionTime, String nodeName)
            implements WorkerObservation {}

    /**
     * This attempt has failed.
     *
     * @param diagnosis what it means
     * @param details for {@code status.failure}
     * @param steps counts of steps, {@link BuildResult.Steps#NONE} when unknown
     * @param startTime when the worker container started; null when it did not
     * @param completionTime when it ended, or the failure became known
     * @param nodeName the node; null when the pod never had one
     */
    record Failed(
            Diagnosis diagnosis,
            Failure details,
            BuildResult.Steps steps,
            @Nullable Instant startTime,
            Instant completionTime,
            @Nullable String nodeName)
            implements WorkerObservation {}
}
