package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.placement.Placement;
import build.kiln.operator.placement.PlacementDecision;
import build.kiln.operator.placement.PlacementPolicy;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.status.StatusComposer;
import build.kiln.operator.worker.WorkerAssignment;
import build.kiln.operator.worker.WorkerObservation;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Decides what comes next in the life of a build. Pure: no client, no clock. What the observation implies is recorded first;
 * acts follow from what is recorded, so that an operator that was killed in between finds its intent in status and goes on.
 */
final class RunPlanner {
    private final PodHousekeeping housekeeping;
    private final RunStart start;
    private final PlatformProgress platforms = new PlatformProgress();
    private final PlacementPolicy placements = new PlacementPolicy();

    RunPlanner(OperatorConfiguration configuration) {
        this.housekeeping = new PodHousekeeping(configuration.worker().retention());
        this.start = new RunStart(platforms);
    }

    /** The next thing to do. */
    Decision decide(ObservedBuild build) {
        ImageBuildStatus next = record(build, progress(build));
        if (!next.equals(build.status())) {
            return new Decision.WriteStatus(next);
        }
        List<String> useless = housekeeping.useless(build);
        if (!useless.isEmpty()) {
            return new Decision.DeletePods(useless);
        }
        Run run = Objects.requireNonNull(next.run(), "a recorded status has a run");
        return switch (phase(run)) {
            case Resolving -> isDue(run, build.now()) ? new Decision.ResolveSource() : waitFor(build, run);
            case Building -> building(build, run);
            case Publishing -> isDue(run, build.now()) ? new Decision.Publish(results(next)) : waitFor(build, run);
            case Succeeded, Failed, Cancelled -> waitFor(build, run);
        };
    }

    /** Completes a status with what follows from it. */
    static ImageBuildStatus record(ObservedBuild build, ImageBuildStatus status) {
        return StatusComposer.compose(build.identity(), build.spec(), status, build.status(), build.now());
    }

    private ImageBuildStatus progress(ObservedBuild build) {
        ImageBuildStatus status = build.status();
        Run.Cause cause = RunStart.cause(build);
        if (cause != null) {
            return start.start(build, cause);
        }
        Run run = Objects.requireNonNull(status.run(), "no cause to start means that there is a run");
        return switch (phase(run)) {
            case Building -> new BuildingProgress(platforms).next(build, run);
            case Succeeded, Failed -> Republishing.isDue(build, run) ? Republishing.start(status, run) : status;
            case Resolving, Publishing, Cancelled -> status;
        };
    }

    private Decision building(ObservedBuild build, Run run) {
        List<WorkerAssignment> missing = new ArrayList<>();
        for (PlatformStatus platform : platformsOf(build.status())) {
            int attempt = PlatformProgress.attempt(platform);
            boolean wanted = PlatformProgress.stateOf(platform) == State.Pending
                    && build.pod(platform.platform(), run.number(), attempt).isEmpty();
            PlacementDecision placement = placements.place(platform.platform(), build.nodes());
            if (wanted && placement instanceof Placement place) {
                missing.add(new WorkerAssignment(run.number(), platform.platform(), attempt, run.commit(), place));
            }
        }
        return !missing.isEmpty() && isDue(run, build.now()) ? new Decision.CreatePods(missing) : waitFor(build, run);
    }

    /** Until the earliest of: the next try, a platform's retry, a pod's deadline, the end of a pod's retention. */
    private Decision.Wait waitFor(ObservedBuild build, Run run) {
        List<Instant> times = new ArrayList<>(housekeeping.dueTimes(build));
        if (run.nextTryTime() != null) {
            times.add(Instant.parse(run.nextTryTime()));
        }
        if (phase(run) == Phase.Building) {
            platformsOf(build.status()).stream()
                    .filter(platform -> platform.state() == State.Retrying)
                    .map(PlatformProgress::retryTime)
                    .forEach(times::add);
            build.pods().stream()
                    .filter(pod -> pod.run() == run.number())
                    .map(pod -> deadline(pod.observation()))
                    .filter(Objects::nonNull)
                    .forEach(times::add);
        }
        return new Decision.Wait(times.stream().min(Instant::compareTo).orElse(null));
    }

    private static @Nullable Instant deadline(WorkerObservation observation) {
        return switch (observation) {
            case WorkerObservation.Waiting waiting -> waiting.deadline();
            case WorkerObservation.Running running -> running.deadline();
            case WorkerObservation.Succeeded _, WorkerObservation.Failed _ -> null;
        };
    }

    private static List<PlatformResult> results(ImageBuildStatus status) {
        return platformsOf(status).stream()
                .map(platform -> {
                    PlatformStatus.Pushed pushed =
                            Objects.requireNonNull(platform.pushed(), "what a platform that succeeded pushed");
                    return new PlatformResult(platform.platform(), pushed.digest(), pushed.mediaType(), pushed.size());
                })
                .toList();
    }

    private static boolean isDue(Run run, Instant now) {
        String nextTry = run.nextTryTime();
        return nextTry == null || !now.isBefore(Instant.parse(nextTry));
    }

    static Phase phase(Run run) {
        return Objects.requireNonNullElse(run.phase(), Phase.Resolving);
    }

    static List<PlatformStatus> platformsOf(ImageBuildStatus status) {
        List<PlatformStatus> platforms = status.platforms();
        return platforms == null ? List.of() : platforms;
    }
}
