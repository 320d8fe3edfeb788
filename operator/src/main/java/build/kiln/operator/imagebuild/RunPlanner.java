package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.placement.Placement;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.status.Prospect;
import build.kiln.operator.status.StatusComposer;
import build.kiln.operator.worker.WorkerAssignment;
import build.kiln.operator.worker.WorkerObservation;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides what comes next in the life of a build. Pure: no client, no clock. What the observation implies is recorded first;
 * acts follow from what is recorded, so that an operator that was killed in between finds its intent in status and goes on.
 */
final class RunPlanner {
    private final PodHousekeeping housekeeping;
    private final RunProgress progress;
    private final Placements placements;

    RunPlanner(OperatorConfiguration configuration) {
        this.placements = new Placements(configuration);
        this.progress = new RunProgress(new PlatformProgress(placements), new StrategyPolicy(placements));
        this.housekeeping = new PodHousekeeping(configuration.worker().retention());
    }

    /** The next thing to do. */
    Decision decide(ObservedBuild build) {
        ImageBuildStatus next = record(build, progress.next(build));
        if (!next.equals(build.status())) {
            List<PlatformResult> forgotten = startsRun(build, next) ? ResultProtection.held(build.status()) : List.of();
            return forgotten.isEmpty() ? new Decision.WriteStatus(next) : new Decision.Release(forgotten);
        }
        List<String> claims = CacheVolumes.useless(build);
        if (!claims.isEmpty()) {
            return new Decision.DeleteClaims(claims);
        }
        Optional<Decision.OwnClaims> misowned = CacheVolumes.misowned(build);
        if (misowned.isPresent()) {
            return misowned.get();
        }
        Run run = next.run();
        if (run == null) {
            return new Decision.Wait(null);
        }
        List<String> useless = housekeeping.useless(build);
        if (!useless.isEmpty()) {
            return new Decision.DeletePods(useless);
        }
        return switch (phase(run)) {
            case Resolving -> isDue(run, build.now()) ? new Decision.ResolveSource() : waitFor(build, run);
            case Building -> building(build, run);
            case Publishing -> isDue(run, build.now()) ? publishing(next, run) : waitFor(build, run);
            case Succeeded, Failed, Cancelled -> finished(build, run);
        };
    }

    /** Completes a status with what follows from it. */
    static ImageBuildStatus record(ObservedBuild build, ImageBuildStatus status) {
        ImageBuildStatus complete = History.recorded(build.status(), status, build.now());
        return StatusComposer.compose(
                build.identity(),
                RunSpec.of(build.spec(), complete.run()),
                complete,
                RunCauses.prospect(build.with(complete)),
                build.status(),
                build.now());
    }

    private static Decision publishing(ImageBuildStatus status, Run run) {
        return Republishing.image(status, run)
                .<Decision>map(Decision.Tag::new)
                .orElseGet(() -> new Decision.Publish(results(status)));
    }

    /** Nothing is under way: what the object lives on for, or why it need not. */
    private Decision finished(ObservedBuild build, Run run) {
        List<PlatformResult> useless = ResultProtection.useless(build.status());
        if (!useless.isEmpty()) {
            return new Decision.Release(useless);
        }
        if (isPast(TimeToLive.end(build, run), build)) {
            return new Decision.DeleteBuild();
        }
        if (RunCauses.prospect(build) instanceof Prospect.Settled && !RunCauses.isSuspended(build)) {
            if (isPast(Polling.sourceDue(build, run), build)) {
                return new Decision.PollSource();
            }
            if (isPast(Polling.baseImagesDue(build, run), build)) {
                return new Decision.PollBaseImages();
            }
        }
        return waitFor(build, run);
    }

    private Decision building(ObservedBuild build, Run run) {
        List<WorkerAssignment> missing = new ArrayList<>();
        for (PlatformStatus platform : platformsOf(build.status())) {
            int attempt = PlatformProgress.attempt(platform);
            boolean wanted = PlatformProgress.stateOf(platform) == State.Pending
                    && !SinglePod.follows(run, platform.platform())
                    && !build.waits().containsKey(platform.podName())
                    && build.pod(platform.platform(), run.number(), attempt).isEmpty()
                    && CacheVolumes.holder(build, platform).isEmpty();
            PlatformStatus.CacheVolume volume = platform.cacheVolume();
            if (wanted
                    && placements.of(
                                    build.ofRun(),
                                    platform.platform(),
                                    platform.memoryFactor(),
                                    NativeWaits.before(platform))
                            instanceof Placement place) {
                missing.add(new WorkerAssignment(
                        run.number(),
                        platform.platform(),
                        attempt,
                        run.commit(),
                        place,
                        volume == null ? null : volume.claimName(),
                        platform.memoryFactor(),
                        others(build.status(), run, place)));
            }
        }
        if (!missing.isEmpty() && isDue(run, build.now()) && OlderRuns.leaveRoom(build, run.number())) {
            return new Decision.CreatePods(missing);
        }
        List<PlatformResult> unprotected = ResultProtection.due(build);
        return unprotected.isEmpty() ? waitFor(build, run) : new Decision.Protect(unprotected);
    }

    /** The platforms that the lead's pod builds besides. */
    private static List<WorkerAssignment.OtherPlatform> others(ImageBuildStatus status, Run run, Placement place) {
        return SinglePod.lead(run)
                .map(lead -> platformsOf(status).stream()
                        .map(PlatformStatus::platform)
                        .filter(platform -> SinglePod.follows(run, platform))
                        .map(platform -> new WorkerAssignment.OtherPlatform(
                                platform, SinglePod.mode(platform, lead, place.mode())))
                        .toList())
                .orElse(List.of());
    }

    /** What the platforms of the run before pushed is forgotten then. */
    private static boolean startsRun(ObservedBuild build, ImageBuildStatus next) {
        Run before = build.status().run();
        Run after = next.run();
        return before != null && after != null && before.number() != after.number();
    }

    /**
     * Until the earliest of: the next try, a platform's retry, the next look at a pod, the end of a pod's retention or of the object's
     * life, the next time of the schedule, the next poll.
     */
    private Decision.Wait waitFor(ObservedBuild build, Run run) {
        List<Instant> times = new ArrayList<>(housekeeping.dueTimes(build));
        Scheduling.nextTime(build).ifPresent(times::add);
        TimeToLive.end(build, run).ifPresent(times::add);
        if (phase(run).isFinal()) {
            times.addAll(Polling.dueTimes(build, run));
        }
        if (run.nextTryTime() != null) {
            times.add(Instant.parse(run.nextTryTime()));
        }
        if (phase(run) == Phase.Building) {
            QueueRecord.nextLook(build).ifPresent(times::add);
            times.addAll(ResultProtection.dueTimes(build.status()));
            times.addAll(NativeWaits.dueTimes(platformsOf(build.status())));
            platformsOf(build.status()).stream()
                    .filter(platform -> platform.state() == State.Retrying)
                    .map(PlatformProgress::retryTime)
                    .forEach(times::add);
            // Pods of older runs too: one may hold a cache volume.
            build.pods().stream()
                    .map(pod -> nextLook(pod.observation()))
                    .filter(Objects::nonNull)
                    .forEach(times::add);
        }
        return new Decision.Wait(times.stream().min(Instant::compareTo).orElse(null));
    }

    private static @Nullable Instant nextLook(WorkerObservation observation) {
        return switch (observation) {
            case WorkerObservation.Waiting waiting -> waiting.nextLook();
            case WorkerObservation.Running running -> running.deadline();
            case WorkerObservation.Succeeded _, WorkerObservation.Failed _ -> null;
        };
    }

    private static List<PlatformResult> results(ImageBuildStatus status) {
        return ResultProtection.results(status, _ -> true);
    }

    private static boolean isPast(Optional<Instant> time, ObservedBuild build) {
        return time.filter(due -> !build.now().isBefore(due)).isPresent();
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
