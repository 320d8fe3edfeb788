package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.status.Prospect;
import java.time.Instant;
import java.util.Optional;

/** When an object whose run has ended is deleted, as {@code spec.ttlSecondsAfterFinished} says. */
final class TimeToLive {
    private TimeToLive() {}

    static Optional<Instant> end(ObservedBuild build, Run run) {
        Integer seconds = build.spec().ttlSecondsAfterFinished();
        boolean finished = RunPlanner.phase(run).isFinal()
                && run.completionTime() != null
                && RunCauses.prospect(build) instanceof Prospect.Settled;
        return seconds != null && finished && run.completionTime() != null
                ? Optional.of(Instant.parse(run.completionTime()).plusSeconds(seconds))
                : Optional.empty();
    }
}
