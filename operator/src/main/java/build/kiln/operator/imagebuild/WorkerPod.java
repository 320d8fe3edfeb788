package build.kiln.operator.imagebuild;

import build.kiln.operator.worker.WorkerObservation;

/**
 * A worker pod of the build.
 *
 * @param name of the pod
 * @param run number of the run it belongs to
 * @param platform it builds, as docker writes it
 * @param attempt number of the attempt, from 1
 * @param terminating whether it is being deleted already
 * @param ended whether its worker container will never run again
 * @param observation what it says
 */
record WorkerPod(
        String name,
        int run,
        String platform,
        int attempt,
        boolean terminating,
        boolean ended,
        WorkerObservation observation) {}
