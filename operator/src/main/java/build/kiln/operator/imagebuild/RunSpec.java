package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ConcurrencyPolicy;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.worker.WorkerPodFactory;
import org.jspecify.annotations.Nullable;

/**
 * The spec that a run under way builds. As long as the inputs are the run's it is the object's own, so that a new deadline or
 * tag counts at once. When the inputs have changed and the run is finished first, it is the one kept in the run's record: a run
 * must not publish old content under new names.
 */
final class RunSpec {
    private RunSpec() {}

    static ImageBuildSpec of(ImageBuildSpec spec, @Nullable Run run) {
        // Nearly no run keeps a spec; to compare the inputs means to hash them.
        if (run == null || run.spec() == null || RunPlanner.phase(run).isFinal() || isOf(spec, run)) {
            return spec;
        }
        return run.spec();
    }

    /** The object with that spec, for acts on behalf of the run. */
    static ImageBuild of(ImageBuild build) {
        ImageBuildSpec spec = of(
                build.getSpec(),
                build.getStatus() == null ? null : build.getStatus().run());
        if (spec.equals(build.getSpec())) {
            return build;
        }
        ImageBuild ofRun = new ImageBuild();
        ofRun.setMetadata(build.getMetadata());
        ofRun.setSpec(spec);
        ofRun.setStatus(build.getStatus());
        return ofRun;
    }

    /** Whether these are still the inputs that the run was started for. */
    static boolean isOf(ImageBuildSpec spec, Run run) {
        return InputHash.of(spec).equals(run.specHash());
    }

    /** What the record of a run under way has to keep of the object's spec, as it is now. */
    static @Nullable ImageBuildSpec kept(ImageBuildSpec spec, Run run) {
        boolean queues = spec.concurrencyPolicy() == ConcurrencyPolicy.Queue;
        if (RunPlanner.phase(run).isFinal() || (run.spec() == null && !queues)) {
            return null;
        }
        if (!isOf(spec, run)) {
            return run.spec();
        }
        return queues && fits(spec) ? spec : null;
    }

    /** A spec that no worker can be told ends its run at once; two copies of it may be more than the API server stores. */
    private static boolean fits(ImageBuildSpec spec) {
        return InputHash.json(spec).length() <= WorkerPodFactory.LARGEST_REQUEST;
    }
}
