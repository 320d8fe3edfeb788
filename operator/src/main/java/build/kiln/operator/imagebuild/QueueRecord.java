package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.PlatformStatusBuilder;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.api.v1alpha1.RunBuilder;
import build.kiln.operator.admission.AdmissionVerdict.Wait;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What is recorded of platforms that wait for their turn. Pure. */
final class QueueRecord {
    private static final String QUEUED = "Queued";
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(30);

    private QueueRecord() {}

    /**
     * The record of a run with the places of its platforms in the queue.
     *
     * @param waits by the name of the pod; platforms that are recorded as waiting and not named here stay so until they are
     *     asked for again
     */
    static ImageBuildStatus upToDate(ImageBuildStatus status, Map<String, Wait> waits) {
        Run run = status.run();
        if (run == null || RunPlanner.phase(run) != Phase.Building) {
            return status;
        }
        if (run.failedTries() != null) {
            return unqueued(status, run);
        }
        Map<String, Wait> awaited = ofPending(status, waits);
        if (!awaited.isEmpty()) {
            return waiting(status, run, awaited);
        }
        boolean any = RunPlanner.platformsOf(status).stream().anyMatch(QueueRecord::isQueued);
        return any || run.queuePosition() == null ? status : unqueued(status, run);
    }

    /** An operator that stood still after it had asked must not send back what another one has started meanwhile. */
    private static Map<String, Wait> ofPending(ImageBuildStatus status, Map<String, Wait> waits) {
        return own(status).stream()
                .filter(platform -> PlatformProgress.stateOf(platform) == State.Pending)
                .map(PlatformStatus::podName)
                .filter(name -> name != null && waits.containsKey(name))
                .collect(Collectors.toMap(name -> name, waits::get));
    }

    /** Those that have a pod of their own; what is recorded of them holds for the others. */
    private static List<PlatformStatus> own(ImageBuildStatus status) {
        Run run = status.run();
        return RunPlanner.platformsOf(status).stream()
                .filter(platform -> run == null || !SinglePod.follows(run, platform.platform()))
                .toList();
    }

    /** Nothing else may tell a build whose place is better than it knows, and none that a limit was raised. */
    static Optional<Instant> nextLook(ObservedBuild build) {
        return build.waits().isEmpty()
                ? Optional.empty()
                : Optional.of(build.now().plus(LOOK_AGAIN));
    }

    private static ImageBuildStatus waiting(ImageBuildStatus status, Run run, Map<String, Wait> waits) {
        List<PlatformStatus> platforms = RunPlanner.platformsOf(status);
        int best = waits.values().stream().mapToInt(Wait::position).min().orElseThrow();
        boolean told = isCloseEnough(run.queuePosition(), best)
                && own(status).stream().allMatch(platform -> saysAlready(platform, waits.get(platform.podName())));
        if (told) {
            return status;
        }
        List<PlatformStatus> next = platforms.stream()
                .map(platform -> {
                    Wait wait = waits.get(platform.podName());
                    return wait == null || SinglePod.follows(run, platform.platform())
                            ? platform
                            : queued(platform, wait);
                })
                .toList();
        return StatusUpdates.with(
                status, RunBuilder.builder(run).queuePosition(best).build(), next, status.failure());
    }

    /** The pods could not be created when it was their turn, or they have been created. */
    private static ImageBuildStatus unqueued(ImageBuildStatus status, Run run) {
        List<PlatformStatus> platforms = RunPlanner.platformsOf(status).stream()
                .map(platform -> isQueued(platform)
                        ? PlatformStatusBuilder.builder(platform)
                                .reason(null)
                                .message(null)
                                .build()
                        : platform)
                .toList();
        return StatusUpdates.with(
                status, RunBuilder.builder(run).queuePosition(null).build(), platforms, status.failure());
    }

    static boolean isQueued(PlatformStatus platform) {
        return platform.state() == State.Pending && QUEUED.equals(platform.reason());
    }

    /**
     * Every start moves everybody behind it, and a write for each would be as many writes as there are platforms, times the
     * length of the queue. Up to 10 a position is exact; beyond that, a change by less than a tenth is not worth a write.
     */
    static boolean isCloseEnough(@Nullable Integer recorded, int position) {
        return recorded != null && Math.abs(recorded - position) * 10 < recorded;
    }

    private static boolean saysAlready(PlatformStatus platform, @Nullable Wait wait) {
        return wait == null
                || (isQueued(platform)
                        && platform.message() != null
                        && platform.message().startsWith(why(platform, wait)));
    }

    private static PlatformStatus queued(PlatformStatus platform, Wait wait) {
        return PlatformUpdates.waiting(
                platform,
                State.Pending,
                QUEUED,
                why(platform, wait) + "; position " + wait.position() + " in the queue");
    }

    private static String why(PlatformStatus platform, Wait wait) {
        return switch (wait.limit()) {
            case Namespace ->
                wait.most() == 0
                        ? "the Namespace's annotation kiln.build/max-running-platforms lets no platform build"
                        : "the limit of " + wait.most() + " platforms that build at once in this namespace is reached"
                                + " (the Namespace's annotation kiln.build/max-running-platforms, or the chart value"
                                + " admission.maxRunningPerNamespace)";
            case Platform ->
                "the limit of " + wait.most() + " builds of " + platform.platform()
                        + " at once is reached (chart value admission.maxRunningPerPlatform)";
            case Cluster ->
                "the limit of " + wait.most()
                        + " platforms that build at once in the cluster is reached (chart value admission.maxRunning)";
        };
    }
}
