package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.status.FailureMessage;

/** Ends a run before it has an outcome. Its pods are deleted because nobody waits for them any more. */
final class Cancellation {
    private Cancellation() {}

    /** Handles a cancel request: the run under way ends; without one there is nothing to cancel. */
    static ImageBuildStatus requested(ObservedBuild build, String token) {
        Run run = build.status().run();
        ImageBuildStatus ended = run == null || RunPlanner.phase(run).isFinal()
                ? build.status()
                : cancelled(build, run, "cancelled by the annotation " + ImageBuild.CANCEL_ANNOTATION);
        return ImageBuildStatusBuilder.builder(ended).lastHandledCancelAt(token).build();
    }

    /** Whether a run can neither go on, because the spec it builds is gone, nor be replaced. */
    static boolean isStranded(ObservedBuild build, Run run) {
        return !RunPlanner.phase(run).isFinal() && !RunSpec.isOf(build.spec(), run) && run.spec() == null;
    }

    static ImageBuildStatus stranded(ObservedBuild build, Run run) {
        return cancelled(build, run, "cancelled because its inputs were changed while no newer run may start");
    }

    private static ImageBuildStatus cancelled(ObservedBuild build, Run run, String cause) {
        return StatusUpdates.with(
                build.status(),
                RunUpdates.cancelled(
                        run,
                        build.now(),
                        FailureMessage.cancelled(build.identity(), "Run " + run.number() + " was " + cause + ".")),
                BuildingProgress.cancelled(RunPlanner.platformsOf(build.status()), build.now(), cause),
                null);
    }
}
