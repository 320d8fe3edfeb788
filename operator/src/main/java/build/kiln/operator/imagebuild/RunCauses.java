package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ConcurrencyPolicy;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.operator.status.Prospect;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Why a run has to start, and whether it may do so now. */
final class RunCauses {
    private RunCauses() {}

    /** Why a run has to start; null when none has to. One run answers everything that is due. */
    static @Nullable Cause due(ObservedBuild build) {
        Run run = build.status().run();
        if (run == null) {
            return Cause.Initial;
        }
        if (!RunSpec.isOf(build.spec(), run)) {
            return Cause.InputsChanged;
        }
        if (Requests.rebuild(build).isPresent()) {
            return Cause.Requested;
        }
        return Scheduling.isDue(build) ? Cause.Scheduled : null;
    }

    /** Why a run has to start now; null when none has to, or none may. */
    static @Nullable Cause startable(ObservedBuild build) {
        Cause cause = due(build);
        return cause != null && mayStart(build, cause) ? cause : null;
    }

    /** What the conditions have to say of it. */
    static Prospect prospect(ObservedBuild build) {
        Optional<String> problem = Scheduling.problem(build.spec());
        if (problem.isPresent()) {
            return new Prospect.Invalid(problem.get());
        }
        Cause cause = due(build);
        if (cause == null) {
            return new Prospect.Settled();
        }
        return isSuspended(build) ? new Prospect.Suspended(cause) : new Prospect.Due(cause);
    }

    static boolean isSuspended(ObservedBuild build) {
        return Boolean.TRUE.equals(build.spec().suspend());
    }

    private static boolean mayStart(ObservedBuild build, Cause cause) {
        if (isSuspended(build) || Scheduling.problem(build.spec()).isPresent()) {
            return false;
        }
        Run run = build.status().run();
        return run == null || RunPlanner.phase(run).isFinal() || mayReplace(build, run, cause);
    }

    /** What comes by itself never ends a run: where it comes more often than a run takes, none would ever be finished. */
    private static boolean mayReplace(ObservedBuild build, Run run, Cause cause) {
        return switch (cause) {
            case Initial, InputsChanged, Requested -> !isFinishedFirst(build, run);
            case Scheduled, SourceMoved, BaseImageMoved -> false;
        };
    }

    /** A run whose own spec is neither kept nor that of the object any more cannot go on. */
    private static boolean isFinishedFirst(ObservedBuild build, Run run) {
        return build.spec().concurrencyPolicy() == ConcurrencyPolicy.Queue
                && (run.spec() != null || RunSpec.isOf(build.spec(), run));
    }
}
