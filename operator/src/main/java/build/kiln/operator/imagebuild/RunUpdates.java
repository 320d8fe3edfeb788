package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.api.v1alpha1.RunBuilder;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The steps of a run's record. A step into another phase forgets the failed tries of the one before. */
final class RunUpdates {
    private RunUpdates() {}

    static Run started(int number, Cause cause, ImageBuildSpec spec, Instant now) {
        return RunBuilder.builder()
                .number(number)
                .cause(cause)
                .phase(Phase.Resolving)
                .specHash(InputHash.of(spec))
                .startTime(now.toString())
                .build();
    }

    static Run resolved(Run run, String inputHash, @Nullable String commit) {
        return entering(run, Phase.Building).inputHash(inputHash).commit(commit).build();
    }

    /** In how many pods it builds. */
    static Run planned(Run run, StrategyDecision.Chosen chosen) {
        return RunBuilder.builder(run)
                .strategy(chosen.strategy())
                .strategyReason(chosen.reason())
                .leadPlatform(chosen.lead())
                .build();
    }

    /** An earlier run built the same inputs: its image is published again. */
    static Run reusing(Run run, int earlier) {
        return entering(run, Phase.Publishing).reusedRun(earlier).build();
    }

    /** The image to be used again is gone. */
    static Run builtAfterAll(Run run) {
        return entering(run, Phase.Building).reusedRun(null).build();
    }

    static Run built(Run run, Instant lastWorkerEnded) {
        return entering(run, Phase.Publishing)
                .buildEndTime(lastWorkerEnded.toString())
                .build();
    }

    /** What some platforms had pushed is gone: these are built again. */
    static Run buildingAgain(Run run) {
        return entering(run, Phase.Building).buildEndTime(null).build();
    }

    /** What is no input changed after the image was there: only publishing is done again. */
    static Run publishedAgain(Run run) {
        Run again = entering(run, Phase.Publishing).build();
        // A run that succeeded took as long as it took, however much later its tags are moved.
        return RunPlanner.phase(run) == Phase.Succeeded
                ? again
                : RunBuilder.builder(again).completionTime(null).build();
    }

    static Run succeeded(Run run, Instant now, String message) {
        return ended(run, Phase.Succeeded, now, message);
    }

    static Run failed(Run run, Instant now, String message) {
        return ended(run, Phase.Failed, now, message);
    }

    static Run cancelled(Run run, Instant now, String message) {
        return ended(run, Phase.Cancelled, now, message);
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
        String known = run.completionTime();
        return entering(run, phase)
                .completionTime(known == null ? now.toString() : known)
                .message(message)
                .spec(null)
                .build();
    }

    private static RunBuilder entering(Run run, Phase phase) {
        return RunBuilder.builder(withoutTries(run)).phase(phase).queuePosition(null);
    }
}
