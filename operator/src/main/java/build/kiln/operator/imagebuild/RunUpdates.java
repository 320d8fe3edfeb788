package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.Run.Phase;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The steps of a run's record. A step into another phase forgets the failed tries of the one before. */
final class RunUpdates {
    private RunUpdates() {}

    static Run started(int number, Cause cause, String specHash, Instant now) {
        return new Run(
                number, cause, Phase.Resolving, specHash, null, null, now.toString(), null, null, null, null, null);
    }

    static Run resolved(Run run, String inputHash, @Nullable String commit) {
        return new Run(
                run.number(),
                run.cause(),
                Phase.Building,
                run.specHash(),
                inputHash,
                commit,
                run.startTime(),
                null,
                null,
                null,
                null,
                null);
    }

    static Run built(Run run, Instant lastWorkerEnded) {
        return withPhase(run, Phase.Publishing, lastWorkerEnded.toString(), null, null);
    }

    /** The tags or the credentials changed after the platforms were built: only publishing is done again. */
    static Run publishedAgain(Run run) {
        return withPhase(run, Phase.Publishing, run.buildEndTime(), null, null);
    }

    static Run succeeded(Run run, Instant now, String message) {
        return withPhase(run, Phase.Succeeded, run.buildEndTime(), now, message);
    }

    static Run failed(Run run, Instant now, String message) {
        return withPhase(run, Phase.Failed, run.buildEndTime(), now, message);
    }

    static Run triedInVain(Run run, Instant nextTry, String message) {
        return withTries(run, failedTries(run) + 1, nextTry.toString(), message);
    }

    static Run withoutTries(Run run) {
        return withTries(run, null, null, null);
    }

    static int failedTries(Run run) {
        Integer tries = run.failedTries();
        return tries == null ? 0 : tries;
    }

    private static Run withPhase(
            Run run,
            Phase phase,
            @Nullable String buildEndTime,
            @Nullable Instant completion,
            @Nullable String message) {
        return new Run(
                run.number(),
                run.cause(),
                phase,
                run.specHash(),
                run.inputHash(),
                run.commit(),
                run.startTime(),
                buildEndTime,
                completion == null ? null : completion.toString(),
                null,
                null,
                message);
    }

    private static Run withTries(
            Run run, @Nullable Integer failedTries, @Nullable String nextTry, @Nullable String message) {
        return new Run(
                run.number(),
                run.cause(),
                run.phase(),
                run.specHash(),
                run.inputHash(),
                run.commit(),
                run.startTime(),
                run.buildEndTime(),
                run.completionTime(),
                failedTries,
                nextTry,
                message);
    }
}
