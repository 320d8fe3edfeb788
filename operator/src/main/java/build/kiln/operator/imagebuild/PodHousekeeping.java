package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.config.OperatorConfiguration.Retention;
import build.kiln.operator.worker.WorkerObservation;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which worker pods are of no more use, and when the others will be. */
final class PodHousekeeping {
    private final Retention retention;

    PodHousekeeping(Retention retention) {
        this.retention = retention;
    }

    /** Names of the pods to delete now. */
    List<String> useless(ObservedBuild build) {
        return kept(build)
                .filter(pod -> isUseless(build, pod))
                .map(WorkerPod::name)
                .toList();
    }

    /** When pods that ended will have been kept for long enough. */
    List<Instant> dueTimes(ObservedBuild build) {
        return kept(build).map(this::expiry).filter(Objects::nonNull).toList();
    }

    private boolean isUseless(ObservedBuild build, WorkerPod pod) {
        Run run = Objects.requireNonNull(build.status().run(), "a recorded status has a run");
        Instant expiry = expiry(pod);
        return pod.run() != run.number()
                || (!pod.ended() && !isAwaited(build, pod))
                || (expiry != null && !build.now().isBefore(expiry));
    }

    /** Whether the run still waits for what this pod will say. */
    private static boolean isAwaited(ObservedBuild build, WorkerPod pod) {
        Optional<PlatformStatus> status = RunPlanner.platformsOf(build.status()).stream()
                .filter(platform -> platform.platform().equals(pod.platform()))
                .findFirst();
        return status.isPresent()
                && PlatformProgress.attempt(status.get()) == pod.attempt()
                && switch (PlatformProgress.stateOf(status.get())) {
                    case Pending, WaitingForNode, Starting, Building -> true;
                    case Retrying, Succeeded, Failed, Cancelled -> false;
                };
    }

    private @Nullable Instant expiry(WorkerPod pod) {
        if (!pod.ended()) {
            return null;
        }
        return switch (pod.observation()) {
            case WorkerObservation.Succeeded succeeded ->
                succeeded.completionTime().plusSeconds(retention.succeededSeconds());
            case WorkerObservation.Failed failed -> failed.completionTime().plusSeconds(retention.failedSeconds());
            case WorkerObservation.Waiting _, WorkerObservation.Running _ -> null;
        };
    }

    private static Stream<WorkerPod> kept(ObservedBuild build) {
        return build.pods().stream().filter(pod -> !pod.terminating());
    }
}
