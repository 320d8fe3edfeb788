package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.protocol.BuildResult;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/** Reads a worker pod. Pure; what the pod says is taken as hostile input. */
public final class WorkerPodReader {
    /** The kubelet itself keeps trying for that long before a pull or a container counts as failed. */
    static final Duration CONTAINER_GRACE = Duration.ofMinutes(3);

    /** A kubelet that has not reported an end this long after it was due is gone. */
    static final Duration REPORT_GRACE = Duration.ofMinutes(1);

    private static final int LONGEST_MESSAGE = 500;

    private final Duration startTimeout;

    /**
     * @param startTimeout longest time from the pod's creation to the worker's start
     */
    public WorkerPodReader(Duration startTimeout) {
        this.startTimeout = startTimeout;
    }

    /** What the pod says at a moment. The worker container decides, not the phase: the daemon may linger. */
    public WorkerObservation read(Pod pod, Instant now) {
        PodFacts facts = new PodFacts(pod, now);
        return facts.workerEnd()
                .map(end -> new EndedWorker(facts, end).read())
                .or(() -> endedWithoutWorker(facts))
                .or(() -> givenUp(facts))
                .or(() -> facts.workerStart().map(start -> running(facts, start)))
                .orElseGet(() -> waiting(facts));
    }

    /** Whether the pod's node is gone. The pod may be there for as long as the node's object, and takes nobody's place. */
    public static boolean isGivenUp(Pod pod, Instant now) {
        return PodCause.givenUp(new PodFacts(pod, now)).isPresent();
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
        Optional<Diagnosis> refusal = EndedWorker.ofDaemon(pod)
                .filter(cause -> cause.reason() == FailureReason.WorkerUnsupported
                        || cause.reason() == FailureReason.CacheVolumeUnavailable);
        if (refusal.isPresent()) {
            return failed(pod, refusal.get());
        }
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
                    refused ? "Unschedulable" : "Scheduling", message, pod.created(), deadline);
        }
        return failed(
                pod,
                Diagnosis.of(
                        OfPod.UNSCHEDULABLE,
                        "No node took pod " + pod.name() + " within " + startTimeout.toSeconds() + " s: " + message
                                + ". Add a node, lower spec.worker.resources.requests, or free capacity."));
    }

    private WorkerObservation starting(PodFacts pod, Instant scheduled, Instant startDeadline) {
        Optional<ContainerStateWaiting> waiting = pod.waiting();
        String reason = waiting.map(ContainerStateWaiting::getReason).orElse("ContainerCreating");
        String detail = waiting.map(ContainerStateWaiting::getMessage)
                .map(text -> HostileText.line(text, LONGEST_MESSAGE))
                .orElse("the containers are being created");
        OfPod evidence = evidence(reason, detail);
        Instant deadline = switch (reason) {
            case "InvalidImageName", "ErrImageNeverPull" -> scheduled;
            case "ErrImagePull",
                    "ImagePullBackOff",
                    "RegistryUnavailable",
                    "ImageInspectError",
                    "CreateContainerConfigError",
                    "CreateContainerError",
                    "RunContainerError" -> earlier(scheduled.plus(CONTAINER_GRACE), startDeadline);
            default -> startDeadline;
        };
        if (pod.now().isBefore(deadline)) {
            return new WorkerObservation.Waiting(
                    HostileText.line(reason, 100), "On " + pod.node() + ": " + detail, pod.created(), deadline);
        }
        Optional<Diagnosis> ofVolume = CacheVolumeFailure.ofStart(pod, reason, detail);
        if (ofVolume.isPresent()) {
            return failed(pod, ofVolume.get());
        }
        return failed(
                pod,
                Diagnosis.of(
                        evidence,
                        "Pod " + pod.name() + " does not start on " + pod.node() + ": " + HostileText.line(reason, 100)
                                + ": " + detail + ". See: kubectl describe pod -n "
                                + pod.pod().getMetadata().getNamespace() + " "
                                + pod.pod().getMetadata().getName()));
    }

    private static OfPod evidence(String reason, String detail) {
        return switch (reason) {
            case "InvalidImageName" -> OfPod.IMAGE_NAME_INVALID;
            case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable", "ImageInspectError" ->
                OfPod.IMAGE_NOT_PULLED;
            case "CreateContainerConfigError" -> detail.startsWith("secret ") ? OfPod.SECRET_GONE : OfPod.NOT_STARTED;
            default -> OfPod.NOT_STARTED;
        };
    }

    private static Instant earlier(Instant a, Instant b) {
        return a.isBefore(b) ? a : b;
    }

    private static WorkerObservation.Failed failed(PodFacts pod, Diagnosis cause) {
        return EndedWorker.failure(pod, cause, BuildResult.Steps.NONE, Optional.empty(), pod.now());
    }
}
