package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.worker.WorkerObservation;
import build.kiln.protocol.BuildResult.Steps;
import java.time.Instant;

/** Failures of a platform that no pod tells of. Pure. */
final class PlatformFailures {
    private PlatformFailures() {}

    /** Its pod was there, and is not any more. */
    static WorkerObservation.Failed lost(PlatformStatus current, Instant now) {
        return of(
                current.platform(),
                OfPod.STOPPED,
                "the worker pod " + current.podName() + " was deleted before it ended",
                now);
    }

    static WorkerObservation.Failed of(String platform, Evidence evidence, String message, Instant now) {
        Diagnosis diagnosis = Diagnosis.of(evidence, message);
        Failure details = new Failure(platform, diagnosis.reason(), null, null, null, null);
        return new WorkerObservation.Failed(diagnosis, details, Steps.NONE, null, now, null);
    }
}
