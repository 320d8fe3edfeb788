package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.protocol.BuildResult;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a worker pod says, read at one moment. */
public sealed interface WorkerObservation {
    /**
     * The worker has not started yet.
     *
     * @param reason one word: Unschedulable, Scheduled, PullingImage, ImagePullBackOff, ContainerCreating, ...
     * @param message the same for people
     * @param since when the pod was created, or could first be scheduled
     * @param deadline read the pod again then at the latest: the answer will be {@link Failed}, unless somebody holds the
     *     pod back from the scheduler
     * @param nextLook read the pod again then, because nothing tells when the answer has changed; not after the deadline
     * @param unexplained whether the pod is not as far as to have containers, and nobody says why: what was said of that
     *     before still holds
     */
    record Waiting(
            String reason, String message, Instant since, Instant deadline, Instant nextLook, boolean unexplained)
            implements WorkerObservation {
        /** What every pod is at times. */
        private static final Set<String> ORDINARY =
                Set.of("Scheduling", "ContainerCreating", "PodInitializing", "Terminating");

        /** The same, where the pod itself tells when the answer has changed. */
        public Waiting(String reason, String message, Instant since, Instant deadline) {
            this(reason, message, since, deadline, deadline, false);
        }

        /** Whether every pod waits for that at times; any other reason names something that is in the way. */
        public static boolean isOrdinary(String reason) {
            return ORDINARY.contains(reason);
        }
    }

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
