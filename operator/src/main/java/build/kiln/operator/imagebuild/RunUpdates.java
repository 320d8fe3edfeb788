package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.api.v1alpha1.RunBuilder;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The steps of a run's record. A step into another phase forgets the failed tries of the one before. */
final class RunUpdates {
    private RunUpdates() {}

    static Run started(int number, Cause cause, String specHash, Instant now) {
        return RunBuilder.builder()
                .number(number)
                .cause(cause)
                .phase(Phase.Resolving)
                .specHash(specHash)
                .startTime(now.toString())
                .build();
    }

    static Run resolved(Run run, String inputHash, @Nullable String commit) {
        return entering(run, Phase.Building).inputHash(inputHash).commit(commit).build();
    }

    static Run built(Run run, Instant lastWorkerEnded) {
        return entering(run, Phase.Publishing)
                .buildEndTime(lastWorkerEnded.toString())
                .build();
    }

    /** The tags or the credentials changed after the platforms were built: only publishing is done again. */
    static Run publishedAgain(Run run) {
        return entering(run, Phase.Publishing).completionTime(null).build();
    }

    static Run succeeded(Run run, Instant now, String message) {
        return ended(run, Phase.Succeeded, now, message);
    }

    static Run failed(Run run, Instant now, String message) {
        return ended(run, Phase.Failed, now, message);
    }

    static Run triedInVain(Run run, Instant nextTry, String message) {
        return RunBuilder.builder(run)
                .failedTries(failedTries(run) + 1)
                .nextTryTime(nextTry.toString())
                .message(message)
                .build();
    }

    static Run withoutTries(Run run) {
        return RunBuilder.builder(run)
                .failedTries(null)
                .nextTryTime(null)
                .message(null)
                .build();
    }

    static int failedTries(Run run) {
        Integer tries = run.failedTries();
        return tries == null ? 0 : tries;
    }

    private static Run ended(Run run, Phase phase, Instant now, String message) {
        return entering(run, phase)
                .completionTime(now.toString())
                .message(message)
                .build();
    }

    private static RunBuilder entering(Run run, Phase phase) {
        return RunBuilder.builder(withoutTries(run)).phase(phase);
    }
}
