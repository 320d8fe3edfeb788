package build.kiln.operator.status;

import build.kiln.api.v1alpha1.CacheUse.ColdReason;
import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.api.v1alpha1.Strategy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What happened between two statuses. Pure, so that events, logs and metrics tell the same story. */
public final class Transitions {
    private Transitions() {}

    /** In the order in which it happened. */
    public static List<Transition> between(ImageBuildStatus before, ImageBuildStatus after) {
        Run run = after.run();
        if (run == null) {
            return List.of();
        }
        Run last = before.run();
        boolean started = last == null || last.number() != run.number();
        List<Transition> transitions = new ArrayList<>();
        if (started) {
            started(last, run, transitions);
        }
        @Nullable Run same = started ? null : last;
        if (run.commit() != null && (same == null || !run.commit().equals(same.commit()))) {
            transitions.add(Transition.normal("RevisionResolved", "Resolve", "The revision is commit " + run.commit()));
        }
        if (run.strategy() == Strategy.SinglePod && (same == null || same.strategy() == null)) {
            transitions.add(Transition.normal(
                    "SinglePod",
                    "Plan",
                    "all platforms are built in the pod of " + run.leadPlatform() + " (" + run.strategyReason() + ")"));
        }
        for (PlatformStatus platform : platforms(after)) {
            if (isTold(run, platform)) {
                continue;
            }
            PlatformStatus was = started ? null : find(before, platform.platform());
            platform(was, platform, transitions);
            heldUp(was, platform, transitions);
            profile(was, platform, transitions);
        }
        if (same != null && isBuilding(same) && !isBuilding(run)) {
            cacheCold(after, transitions);
        }
        tries(same, run, transitions);
        finished(same, run, after.failure(), transitions);
        return List.copyOf(transitions);
    }

    /** What happens to the one pod of all platforms is told of the lead, how each of them ends of itself. */
    private static boolean isTold(Run run, PlatformStatus platform) {
        boolean follows = run.leadPlatform() != null && !run.leadPlatform().equals(platform.platform());
        return follows
                && switch (state(platform)) {
                    case Pending, WaitingForNode, Starting, Building, Retrying -> true;
                    case Succeeded, Failed, Cancelled -> false;
                };
    }

    /** Servers do not answer, again and again, when they are asked whether something moved. */
    public static Transition pollFailing(String message) {
        return Transition.warning("PollFailed", "Poll", message);
    }

    /** The ConfigMap with the result was changed since, and cannot be put right. */
    public static Transition resultUnwritten(String reason, String message) {
        return Transition.warning(reason, "Publish", message);
    }

    private static void started(@Nullable Run last, Run run, List<Transition> transitions) {
        if (last != null && !isFinal(last)) {
            transitions.add(Transition.normal(
                    "RunReplaced",
                    "Cancel",
                    "Run " + last.number() + " is cancelled: run " + run.number() + " replaces it"));
        }
        String moved = run.movedBaseImages() == null ? "" : ", " + String.join(", ", run.movedBaseImages());
        transitions.add(
                Transition.normal("RunStarted", "Start", "Run " + run.number() + " started: " + run.cause() + moved));
    }

    private static void platform(@Nullable PlatformStatus before, PlatformStatus after, List<Transition> transitions) {
        State was = before == null ? State.Pending : state(before);
        if (isQueued(after) && (before == null || !isQueued(before))) {
            transitions.add(Transition.normal("Queued", "Queue", text(after)).on(after.platform()));
            return;
        }
        if (before != null && gaveWay(before, after)) {
            transitions.add(Transition.warning(
                            "Emulated",
                            "Schedule",
                            "pod " + before.podName() + " found no node and gives way to the emulated pod "
                                    + after.podName() + " (" + after.modeReason()
                                    + (after.modeMessage() == null ? "" : ": " + after.modeMessage()) + ")")
                    .on(after.platform()));
            return;
        }
        boolean sameAttempt = before != null && Objects.equals(before.attempt(), after.attempt());
        if (state(after) == was && (sameAttempt || was == State.Pending)) {
            return;
        }
        boolean scheduled = sameAttempt && was == State.WaitingForNode && state(after) == State.Starting;
        Transition transition = scheduled
                ? Transition.normal("NodeFound", "Schedule", "a node takes pod " + after.podName())
                : entered(after);
        if (transition != null) {
            transitions.add(transition.on(after.platform()));
        }
    }

    /** A pod that has its node does not start; told once per reason. */
    private static void heldUp(@Nullable PlatformStatus before, PlatformStatus after, List<Transition> transitions) {
        boolean told = before != null
                && Objects.equals(before.attempt(), after.attempt())
                && Objects.equals(before.reason(), after.reason());
        if (ProgressMessage.isHeldUp(after) && !told) {
            String why = "pod " + after.podName() + " does not start (" + after.reason() + "): "
                    + MessageText.oneLine(text(after));
            transitions.add(
                    Transition.warning(ProgressMessage.HELD_UP, "Start", why).on(after.platform()));
        }
    }

    /** Its node could not run a pod, or nodes are known to be unable to: told once per reason. */
    private static void profile(@Nullable PlatformStatus was, PlatformStatus after, List<Transition> transitions) {
        String replaced = was != null && isReplaced(was, after) && !gaveWay(was, after)
                ? "pod " + was.podName() + " could not run on its node and gives way to pod " + after.podName()
                        + ", profile " + after.profile() + ". "
                : "";
        boolean told = was != null && Objects.equals(was.profileReason(), after.profileReason());
        if (!replaced.isEmpty() || (after.profileReason() != null && !told)) {
            String why = Objects.requireNonNullElse(
                    after.profileMessage(), Objects.requireNonNullElse(after.profileReason(), ""));
            transitions.add(Transition.warning("ProfileUnsupported", "Schedule", (replaced + why).strip())
                    .on(after.platform()));
        }
    }

    /** Whether another pod takes the place of one that has not failed. */
    private static boolean isReplaced(PlatformStatus before, PlatformStatus after) {
        return state(after) == State.Pending
                && before.attempt() != null
                && after.attempt() != null
                && after.attempt() > before.attempt()
                && state(before) != State.Retrying
                && state(before) != State.Succeeded;
    }

    /** Whether a platform that waited for a native node is emulated instead. */
    private static boolean gaveWay(PlatformStatus before, PlatformStatus after) {
        return state(before) == State.WaitingForNode
                && state(after) == State.Pending
                && before.mode() == Mode.Native
                && after.mode() == Mode.Emulated;
    }

    private static @Nullable Transition entered(PlatformStatus platform) {
        return switch (state(platform)) {
            case Pending -> null;
            case WaitingForNode ->
                Transition.warning("WaitingForNode", "Schedule", MessageText.oneLine(text(platform)));
            case Starting ->
                Transition.normal(
                        "WorkerCreated",
                        "Create",
                        "attempt " + platform.attempt() + " in pod " + platform.podName() + ", " + platform.mode()
                                + " (" + platform.modeReason()
                                + (platform.modeMessage() == null ? "" : ": " + platform.modeMessage()) + ")");
            case Building ->
                Transition.normal(
                        "PlatformStarted",
                        "Build",
                        "building in pod " + platform.podName() + " on node " + platform.nodeName());
            case Succeeded -> Transition.normal("PlatformSucceeded", "Build", built(platform));
            case Retrying ->
                Transition.warning(
                        "PlatformRetrying",
                        "Retry",
                        "attempt " + platform.attempt() + " failed (" + platform.reason() + ") and is tried again: "
                                + text(platform));
            case Failed -> Transition.warning("PlatformFailed", "Build", platform.reason() + ": " + text(platform));
            case Cancelled -> Transition.normal("PlatformCancelled", "Cancel", text(platform));
        };
    }

    /** Its turn has not come; the reason says whose queue it is in. */
    private static boolean isQueued(PlatformStatus platform) {
        return state(platform) == State.Pending && platform.reason() != null;
    }

    private static String built(PlatformStatus platform) {
        String duration = platform.startTime() == null || platform.completionTime() == null
                ? ""
                : " in "
                        + Durations.text(Duration.between(
                                Instant.parse(platform.startTime()), Instant.parse(platform.completionTime())));
        return "built and pushed" + duration + ", " + platform.cachedSteps() + " of " + platform.totalSteps()
                + " steps cached";
    }

    /** Told once, when the last platform is done; a changed input is in the nature of builds. */
    private static void cacheCold(ImageBuildStatus after, List<Transition> transitions) {
        for (ColdCacheMessage cold : ColdCacheMessage.of(after)) {
            String note = MessageText.oneLine(cold.text());
            transitions.add(
                    cold.reason() == ColdReason.ChangedInput
                            ? Transition.normal("CacheCold", "Build", note)
                            : Transition.warning("CacheCold", "Build", note));
        }
    }

    private static boolean isBuilding(Run run) {
        return run.phase() == Phase.Building;
    }

    private static void tries(@Nullable Run before, Run run, List<Transition> transitions) {
        Integer tries = run.failedTries();
        if (tries == null || (before != null && before.phase() == run.phase() && tries.equals(before.failedTries()))) {
            return;
        }
        transitions.add(
                Transition.warning("WillRetry", "Retry", run.phase() + ", try " + tries + " failed: " + run.message()));
    }

    private static void finished(
            @Nullable Run before, Run run, @Nullable Failure failure, List<Transition> transitions) {
        if (before != null && before.phase() == run.phase()) {
            return;
        }
        String message = Objects.requireNonNullElse(run.message(), "");
        switch (Objects.requireNonNullElse(run.phase(), Phase.Resolving)) {
            case Resolving, Building, Publishing -> {}
            case Succeeded ->
                transitions.add(Transition.normal(
                        run.reusedRun() == null ? "RunSucceeded" : "ImageReused", "Publish", message));
            case Failed ->
                transitions.add(Transition.warning(
                        "RunFailed", "Fail", (failure == null ? "" : failure.reason() + ": ") + message));
            case Cancelled -> transitions.add(Transition.normal("RunCancelled", "Cancel", message));
        }
    }

    private static boolean isFinal(Run run) {
        return run.phase() != null && run.phase().isFinal();
    }

    private static List<PlatformStatus> platforms(ImageBuildStatus status) {
        return Objects.requireNonNullElse(status.platforms(), List.of());
    }

    private static @Nullable PlatformStatus find(ImageBuildStatus status, String platform) {
        return platforms(status).stream()
                .filter(other -> other.platform().equals(platform))
                .findFirst()
                .orElse(null);
    }

    private static State state(PlatformStatus platform) {
        return Objects.requireNonNullElse(platform.state(), State.Pending);
    }

    private static String text(PlatformStatus platform) {
        return Objects.requireNonNullElse(platform.message(), "");
    }
}
