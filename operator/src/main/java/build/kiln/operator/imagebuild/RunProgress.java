package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.RunBuilder;
import java.util.Optional;

/** What an observation adds to the record of a build. A cancel request comes first, then a newer run, then the present one. */
final class RunProgress {
    private final RunStart start;
    private final BuildingProgress building;

    RunProgress(PlatformProgress platforms, StrategyPolicy strategies) {
        this.start = new RunStart(platforms, strategies);
        this.building = new BuildingProgress(platforms);
    }

    ImageBuildStatus next(ObservedBuild build) {
        return kept(build, CacheVolumes.emptied(build, Scheduling.upToDate(build, advanced(build))));
    }

    private ImageBuildStatus advanced(ObservedBuild build) {
        Run run = build.status().run();
        Optional<String> cancel = Requests.cancel(build);
        boolean first = run == null && RunCauses.startable(build) != null;
        if (cancel.isPresent() && !first) {
            return Cancellation.requested(build, cancel.get());
        }
        Cause cause = RunCauses.startable(build);
        if (cause != null) {
            return start.start(build, cause);
        }
        return run == null ? build.status() : advanced(build, run);
    }

    private ImageBuildStatus advanced(ObservedBuild build, Run run) {
        if (Cancellation.isStranded(build, run)) {
            return Cancellation.stranded(build, run);
        }
        return switch (RunPlanner.phase(run)) {
            case Building -> building.next(build.ofRun(), run);
            case Succeeded, Failed ->
                Republishing.isDue(build, run) ? Republishing.start(build.status(), run) : build.status();
            case Resolving, Publishing, Cancelled -> build.status();
        };
    }

    /** What a run needs to keep of the spec, and what the spec no longer asks for. */
    private static ImageBuildStatus kept(ObservedBuild build, ImageBuildStatus status) {
        ImageBuildStatusBuilder kept = ImageBuildStatusBuilder.builder(status);
        if (build.spec().output().resultConfigMap() == null) {
            kept.resultConfigMap(null);
        }
        Run run = status.run();
        if (run != null) {
            kept.run(RunBuilder.builder(run)
                    .spec(RunSpec.kept(build.spec(), run))
                    .build());
        }
        return kept.build();
    }
}
