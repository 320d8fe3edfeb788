package build.kiln.operator.imagebuild;

import build.kiln.operator.worker.WorkerObservation;

/**
 * A worker pod of the build.
 *
 * @param name of the pod
 * @param run number of the run it belongs to
 * @param platform it builds, as docker writes it
 * @param attempt number of the attempt, from 1
 * @param deletion how far its deletion has come
 * @param ended whether its worker container will never run again
 * @param observation what it says
 */
record WorkerPod(
        String name,
        int run,
        String platform,
        int attempt,
        Deletion deletion,
        boolean ended,
        WorkerObservation observation) {

    /** How far the deletion of a pod has come. */
    enum Deletion {
        /** Nobody asked for it. */
        None,
        /** This operator did a moment ago, and the watch does not show it yet. */
        Requested,
        /** The API server shows it, so that a pod whose node is gone counts as lost when its time is over. */
        Acknowledged
    }

    boolean terminating() {
        return deletion != Deletion.None;
    }
}
