package build.kiln.operator.status;

import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.api.v1alpha1.Source;
import build.kiln.operator.worker.WorkerObservation;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a run that is under way is doing.
 *
 * @param reason for the conditions
 * @param text what, where and how to see more
 */
record ProgressMessage(String reason, String text) {
    static final String HELD_UP = "WorkerNotStarting";

    static ProgressMessage of(BuildIdentity identity, ImageBuildSpec spec, Run run, List<PlatformStatus> platforms) {
        ProgressMessage message = switch (Objects.requireNonNullElse(run.phase(), Phase.Resolving)) {
            case Building -> building(identity, run, platforms);
            case Publishing -> new ProgressMessage("Publishing", publishing(spec, run, platforms) + again(run));
            case Resolving, Succeeded, Failed, Cancelled ->
                new ProgressMessage("Resolving", "Run " + run.number() + ": looking up " + revision(spec) + again(run));
        };
        return new ProgressMessage(message.reason(), MessageText.bounded(message.text()));
    }

    private static String publishing(ImageBuildSpec spec, Run run, List<PlatformStatus> platforms) {
        String image = spec.output().image();
        return "Run " + run.number() + ": "
                + (run.reusedRun() == null
                        ? platforms.size() + " of " + platforms.size() + " platforms are built; publishing to " + image
                        : "run " + run.reusedRun()
                                + " built the same inputs; publishing its image again if it is still in " + image);
    }

    /** A run that has to start, and does so in a moment. */
    static ProgressMessage due(Cause cause) {
        return new ProgressMessage("Queued", "A run is about to start: " + cause);
    }

    /** The same, when a newer run waits for the end of this one. */
    ProgressMessage before(Prospect prospect) {
        return switch (prospect) {
            case Prospect.Due due ->
                new ProgressMessage(
                        reason,
                        MessageText.bounded(
                                "A newer run (" + due.cause() + ") waits for the end of this one. " + text));
            case Prospect.Settled _, Prospect.Suspended _, Prospect.Invalid _ -> this;
        };
    }

    private static ProgressMessage building(BuildIdentity identity, Run run, List<PlatformStatus> platforms) {
        long done = platforms.stream()
                .filter(platform -> platform.state() == State.Succeeded)
                .count();
        String start = "Run " + run.number() + ": " + done + " of " + platforms.size() + " platforms are built; ";
        PlatformStatus first = mostTelling(platforms);
        String platform = first.platform();
        String pod = Objects.requireNonNullElse(first.podName(), "");
        return switch (state(first)) {
            case Retrying ->
                new ProgressMessage(
                        "RetryingPlatform",
                        start + platform + " is tried again after attempt " + first.attempt() + " failed ("
                                + first.reason() + ")\n" + MessageText.oneLine(text(first)));
            case WaitingForNode ->
                new ProgressMessage(
                        "WaitingForNode",
                        start + platform + " waits for a node: " + MessageText.oneLine(text(first)) + "\n"
                                + Commands.describe(identity, pod));
            case Building ->
                new ProgressMessage("Building", start + platform + " builds\n" + Commands.log(identity, pod) + " -f");
            case Starting ->
                isHeldUp(first)
                        ? new ProgressMessage(
                                HELD_UP,
                                start + platform + " does not start (" + first.reason() + "): "
                                        + MessageText.oneLine(text(first)) + "\n" + Commands.describe(identity, pod))
                        : new ProgressMessage(
                                "Starting",
                                start + platform + " starts (" + first.reason() + ")\n"
                                        + Commands.describe(identity, pod));
            case Pending, Succeeded, Failed, Cancelled ->
                first.reason() != null && run.message() == null
                        ? new ProgressMessage(
                                "Queued", start + platform + " is queued: " + MessageText.oneLine(text(first)))
                        : new ProgressMessage("Starting", start + "worker pods are created" + again(run));
        };
    }

    /** What needs attention goes before what just takes its time. */
    private static PlatformStatus mostTelling(List<PlatformStatus> platforms) {
        return find(platforms, State.Retrying)
                .or(() -> find(platforms, State.WaitingForNode))
                .or(() -> platforms.stream().filter(ProgressMessage::isHeldUp).findFirst())
                .or(() -> find(platforms, State.Building))
                .or(() -> find(platforms, State.Starting))
                .or(() -> find(platforms, State.Pending))
                .orElseGet(platforms::getFirst);
    }

    private static Optional<PlatformStatus> find(List<PlatformStatus> platforms, State state) {
        return platforms.stream().filter(platform -> state(platform) == state).findFirst();
    }

    /** Whether a pod has its node, and something keeps its containers from starting. */
    static boolean isHeldUp(PlatformStatus platform) {
        String reason = platform.reason();
        return state(platform) == State.Starting && reason != null && !WorkerObservation.Waiting.isOrdinary(reason);
    }

    private static State state(PlatformStatus platform) {
        return Objects.requireNonNullElse(platform.state(), State.Pending);
    }

    private static String text(PlatformStatus platform) {
        return Objects.requireNonNullElse(platform.message(), "");
    }

    private static String again(Run run) {
        return run.message() == null
                ? ""
                : " (try " + run.failedTries() + " failed, the next is due at " + run.nextTryTime() + ")\n"
                        + MessageText.oneLine(run.message());
    }

    private static String revision(ImageBuildSpec spec) {
        Source.Git git = spec.source().git();
        if (git == null) {
            return "the source";
        }
        return (git.revision() == null ? "the default branch" : git.revision()) + " of " + git.url();
    }
}
