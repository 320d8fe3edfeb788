package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.operator.worker.SchedulingGates;
import build.kiln.operator.worker.WorkerObservation;
import java.util.Set;

/** What is recorded of a platform whose pod does not run yet. Pure. */
final class PodWaits {
    /** The kubelet takes turns with these while it goes on trying; the first says why, the second does not always. */
    private static final Set<String> PULL_ERRORS = Set.of("ErrImagePull", "ImagePullBackOff");

    /** What the scheduler says of a pod that no node takes. */
    private static final String UNSCHEDULABLE = "Unschedulable";

    private PodWaits() {}

    static boolean isForNode(WorkerObservation.Waiting waiting) {
        return waiting.reason().equals(UNSCHEDULABLE);
    }

    /** Messages of scheduler and kubelet change often; only another reason is worth a write, and silence is none. */
    static PlatformStatus recorded(PlatformStatus current, WorkerObservation.Waiting waiting) {
        State state = switch (waiting.reason()) {
            case UNSCHEDULABLE -> State.WaitingForNode;
            case SchedulingGates.HELD -> State.Pending;
            default -> State.Starting;
        };
        if (current.state() == state && current.reason() != null && isStill(current.reason(), waiting)) {
            return current;
        }
        return PlatformUpdates.waiting(current, state, waiting.reason(), waiting.message());
    }

    private static boolean isStill(String told, WorkerObservation.Waiting waiting) {
        return told.equals(waiting.reason())
                || (PULL_ERRORS.contains(told) && PULL_ERRORS.contains(waiting.reason()))
                || (waiting.unexplained() && !WorkerObservation.Waiting.isOrdinary(told));
    }
}
