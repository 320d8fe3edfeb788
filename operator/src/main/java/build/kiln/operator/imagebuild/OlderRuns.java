package build.kiln.operator.imagebuild;

import build.kiln.operator.worker.WorkerObservation;

/** Keeps many edits in a row from piling up pods: next to those of one older run there is room, not next to more. */
final class OlderRuns {
    private static final int MOST = 1;

    private OlderRuns() {}

    /** Whether the pods of this run may be created; the end of an older pod wakes the build up. */
    static boolean leaveRoom(ObservedBuild build, int run) {
        return build.pods().stream()
                        .filter(pod -> pod.run() != run && isAlive(pod))
                        .map(WorkerPod::run)
                        .distinct()
                        .count()
                <= MOST;
    }

    /**
     * Also while it is being deleted: a pod that was given up as late may start until its node has heard of that. What a lost
     * node leaves behind does not count, or it would hold up the build for ever.
     */
    static boolean isAlive(WorkerPod pod) {
        return !pod.ended()
                && switch (pod.observation()) {
                    case WorkerObservation.Waiting _, WorkerObservation.Running _ -> true;
                    case WorkerObservation.Succeeded _, WorkerObservation.Failed _ ->
                        pod.deletion() != WorkerPod.Deletion.Acknowledged;
                };
    }
}
