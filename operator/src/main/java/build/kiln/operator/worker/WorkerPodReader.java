package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.protocol.BuildResult;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Reads a worker pod. Pure; what the pod says is taken as hostile input. */
public final class WorkerPodReader {
    /** A kubelet that has not reported an end this long after it was due is gone. */
    static final Duration REPORT_GRACE = Duration.ofMinutes(1);

    /** Most pods have their containers by then, and nobody asks for their events. */
    private static final Duration FIRST_LOOK = Duration.ofSeconds(5);

    /** Short enough for a warning to be told within 10 s. */
    private static final Duration LOOK = Duration.ofSeconds(5);

    private static final Duration EXPLAINED_LOOK = Duration.ofSeconds(30);
    private static final int LONGEST_MESSAGE = 500;

    private final Duration startTimeout;

    /**
     * @param startTimeout longest time from the pod's creation to the worker's start
     */
    public WorkerPodReader(Duration startTimeout) {
        this.startTimeout = startTimeout;
    }

    /** Whether only the warnings that were published about the pod can say why it does not start. */
    public static boolean dependsOnWarnings(Pod pod, Instant now) {
        PodFacts facts = new PodFacts(pod, List.of(), now);
        return facts.deletionDue().isEmpty()
                && facts.workerEnd().isEmpty()
                && facts.isWithoutSandbox()
                && facts.scheduled()
                        .filter(at -> !now.isBefore(at.plus(FIRST_LOOK)))
                        .isPresent();
    }

    /** What the pod alone says at a moment. */
    public WorkerObservation read(Pod pod, Instant now) {
        return read(pod, List.of(), now);
    }

    /**
     * What the pod says at a moment. The worker container decides, not the phase: the daemon may linger.
     *
     * @param pod as the API server has it
     * @param warnings that were published about it, where {@link #dependsOnWarnings} asks for them; none when they cannot be
     *     had, which delays an answer and never changes a good one
     * @param now the moment
     */
    public WorkerObservation read(Pod pod, List<PodWarning> warnings, Instant now) {
        PodFacts facts = new PodFacts(pod, warnings, now);
        return facts.workerEnd()
                .map(end -> new EndedWorker(facts, end).read())
                .or(() -> endedWithoutWorker(facts))
                .or(() -> givenUp(facts))
                .or(() -> refusedByLauncher(facts))
                .or(() -> facts.workerStart().map(start -> running(facts, start)))
                .orElseGet(() -> waiting(facts));
    }

    /** Whether the pod's node is gone. The pod may be there for as long as the node's object, and takes nobody's place. */
    public static boolean isGivenUp(Pod pod, Instant now) {
        return PodCause.givenUp(new PodFacts(pod, List.of(), now)).isPresent();
    }

    private static Optional<WorkerObservation> endedWithoutWorker(PodFacts pod) {
        boolean ended = pod.phase().equals("Failed") || pod.phase().equals("Succeeded");
        return ended
                ? Optional.of(failed(
                        pod,
                        PodCause.of(pod).or(() -> EndedWorker.ofDaemon(pod)).orElseGet(() -> PodCause.refused(pod))))
                : Optional.empty();
    }

    private static Optional<WorkerObservation> givenUp(PodFacts pod) {
        return PodCause.givenUp(pod)
                .map(cause -> EndedWorker.failure(pod, cause, BuildResult.Steps.NONE, pod.workerStart(), pod.now()));
    }

    /** The launcher refuses again and again; whether the worker runs by then and waits for the daemon makes no difference. */
    private static Optional<WorkerObservation> refusedByLauncher(PodFacts pod) {
        return EndedWorker.ofDaemon(pod)
                .filter(cause -> cause.reason() == FailureReason.WorkerUnsupported
                        || cause.reason() == FailureReason.CacheVolumeUnavailable)
                .map(cause -> failed(pod, cause));
    }

    private static WorkerObservation running(PodFacts pod, Instant start) {
        Instant deadline =
                pod.deletionDue().orElseGet(() -> activeDeadline(pod)).plus(REPORT_GRACE);
        if (pod.now().isBefore(deadline)) {
            return new WorkerObservation.Running(start, String.valueOf(pod.nodeName()), deadline);
        }
        Diagnosis cause = PodCause.of(pod)
                .orElseGet(
                        () -> PodCause.nodeGone(pod, "the kubelet has not reported the end of the pod, which was due"));
        return EndedWorker.failure(pod, cause, BuildResult.Steps.NONE, Optional.of(start), pod.now());
    }

    private static Instant activeDeadline(PodFacts pod) {
        Long seconds = pod.pod().getSpec().getActiveDeadlineSeconds();
        return pod.acknowledged().plusSeconds(Objects.requireNonNullElse(seconds, 0L));
    }

    private WorkerObservation waiting(PodFacts pod) {
        Instant deadline = pod.deletionDue()
                .map(due -> due.plus(REPORT_GRACE))
                .orElseGet(() -> pod.released().plus(startTimeout));
        if (pod.deletionDue().isPresent()) {
            return pod.now().isBefore(deadline)
                    ? new WorkerObservation.Waiting("Terminating", "The pod is being deleted.", pod.created(), deadline)
                    : failed(pod, PodCause.nodeGone(pod, "the pod was deleted and is still there"));
        }
        return pod.scheduled()
                .map(scheduled -> starting(pod, scheduled, deadline))
                .orElseGet(() -> unscheduled(pod, deadline));
    }

    private WorkerObservation unscheduled(PodFacts pod, Instant deadline) {
        if (SchedulingGates.isHeld(pod.pod())) {
            // As long as it takes: whoever put the gate there has a queue of its own.
            return new WorkerObservation.Waiting(
                    SchedulingGates.HELD,
                    SchedulingGates.message(pod.pod()),
                    pod.created(),
                    pod.now().plus(startTimeout));
        }
        String message = pod.condition("PodScheduled")
                .map(condition -> condition.getMessage())
                .map(text -> HostileText.line(text, LONGEST_MESSAGE))
                .orElse("no node has been chosen yet");
        boolean refused = pod.condition("PodScheduled").isPresent();
        Instant volumeDeadline = pod.released().plus(CacheVolumeFailure.GRACE);
        if (CacheVolumeFailure.explains(pod, message) && volumeDeadline.isBefore(deadline)) {
            return pod.now().isBefore(volumeDeadline)
                    ? new WorkerObservation.Waiting("WaitingForVolume", message, pod.created(), volumeDeadline)
                    : failed(pod, CacheVolumeFailure.of(pod, message));
        }
        if (pod.now().isBefore(deadline)) {
            return new WorkerObservation.Waiting(
                    refused ? "Unschedulable" : "Scheduling", message, pod.released(), deadline);
        }
        return failed(
                pod,
                Diagnosis.of(
                        OfPod.UNSCHEDULABLE,
                        "No node took pod " + pod.name() + " within " + startTimeout.toSeconds() + " s: " + message
                                + ". Add a node, lower spec.worker.resources.requests, or free capacity."));
    }

    private static WorkerObservation starting(PodFacts pod, Instant scheduled, Instant startDeadline) {
        Optional<StartObstacle> obstacle = StartObstacle.of(pod);
        Instant deadline =
                obstacle.map(known -> known.deadline(scheduled, startDeadline)).orElse(startDeadline);
        if (!pod.now().isBefore(deadline)) {
            return failed(pod, neverStarted(pod, obstacle));
        }
        Instant nextLook = pod.isWithoutSandbox() ? nextLook(pod, scheduled, obstacle.isPresent()) : deadline;
        return new WorkerObservation.Waiting(
                obstacle.map(StartObstacle::reason).orElseGet(() -> ordinaryReason(pod)),
                "On " + pod.node() + ": "
                        + obstacle.map(known -> explained(pod, known, deadline))
                                .orElse("the containers are being created"),
                pod.created(),
                deadline,
                earlier(nextLook, deadline),
                obstacle.isEmpty() && pod.isWithoutSandbox());
    }

    /** Events wake nobody up: a watch of all of them would cost the API server more than to ask about the few that wait. */
    private static Instant nextLook(PodFacts pod, Instant scheduled, boolean explained) {
        Instant firstLook = scheduled.plus(FIRST_LOOK);
        return pod.now().isBefore(firstLook) ? firstLook : pod.now().plus(explained ? EXPLAINED_LOOK : LOOK);
    }

    private static String explained(PodFacts pod, StartObstacle obstacle, Instant deadline) {
        String advice = obstacle.advice(pod.namespace());
        return obstacle.detail() + ". " + advice + (advice.isEmpty() ? "" : " ") + "Tried until " + deadline + ".";
    }

    private static Diagnosis neverStarted(PodFacts pod, Optional<StartObstacle> obstacle) {
        String reason = obstacle.map(StartObstacle::reason).orElseGet(() -> ordinaryReason(pod));
        String detail = obstacle.map(StartObstacle::detail).orElse("the containers are being created");
        OfPod evidence = obstacle.map(StartObstacle::evidence).orElse(OfPod.NOT_STARTED);
        Optional<Diagnosis> ofVolume =
                evidence == OfPod.NOT_STARTED ? CacheVolumeFailure.ofStart(pod, reason, detail) : Optional.empty();
        String advice = obstacle.map(known -> known.advice(pod.namespace())).orElse("");
        return ofVolume.orElseGet(() -> Diagnosis.of(
                evidence,
                "Pod " + pod.name() + " does not start on " + pod.node() + ": " + reason + ": " + detail + ". " + advice
                        + (advice.isEmpty() ? "" : " ") + "See: kubectl describe pod -n " + pod.namespace() + " "
                        + pod.pod().getMetadata().getName()));
    }

    private static String ordinaryReason(PodFacts pod) {
        return pod.waiting().map(ContainerStateWaiting::getReason).orElse("ContainerCreating");
    }

    private static Instant earlier(Instant a, Instant b) {
        return a.isBefore(b) ? a : b;
    }

    private static WorkerObservation.Failed failed(PodFacts pod, Diagnosis cause) {
        return EndedWorker.failure(pod, cause, BuildResult.Steps.NONE, Optional.empty(), pod.now());
    }
}
