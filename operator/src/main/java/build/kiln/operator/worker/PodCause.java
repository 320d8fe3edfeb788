package build.kiln.operator.worker;

import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfPod;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** What ended a pod from outside. */
final class PodCause {
    private static final int LONGEST_DETAIL = 500;
    private static final String DISRUPTION = "DisruptionTarget";

    /** Reasons of a disruption that come from the node. */
    private static final Set<String> NODE_GONE = Set.of("DeletionByTaintManager", "DeletionByPodGC");

    private PodCause() {}

    /** The cause, where the pod's status or its conditions name one. */
    static Optional<Diagnosis> of(PodFacts pod) {
        String detail = HostileText.line(pod.message(), LONGEST_DETAIL);
        return switch (pod.reason()) {
            case "Evicted" -> Optional.of(evicted(pod, detail));
            case "DeadlineExceeded" -> Optional.of(deadline(pod));
            case "NodeLost" -> Optional.of(nodeGone(pod, detail));
            case "Terminated", "NodeShutdown", "Shutdown" ->
                Optional.of(nodeGone(pod, "the node was shut down: " + detail));
            case "Preempting" -> Optional.of(preempted(pod, "preempted by a pod of higher priority"));
            default -> disruption(pod);
        };
    }

    /**
     * The cause of a pod that was given up because its node does not answer, or is gone: nobody will report its end. A live node
     * that somebody taints ends the pod as well.
     */
    static Optional<Diagnosis> givenUp(PodFacts pod) {
        return pod.deletionDue()
                .flatMap(_ -> pod.condition(DISRUPTION))
                .filter(condition -> "True".equals(condition.getStatus())
                        && NODE_GONE.contains(Objects.requireNonNullElse(condition.getReason(), "")))
                .flatMap(_ -> disruption(pod));
    }

    /** Why the kubelet of the chosen node did not take the pod at all. */
    static Diagnosis refused(PodFacts pod) {
        return Diagnosis.of(
                OfPod.REFUSED_BY_KUBELET,
                "Pod " + pod.name() + " was refused by " + pod.node() + ": "
                        + HostileText.line(pod.reason() + " " + pod.message(), LONGEST_DETAIL));
    }

    static Diagnosis nodeGone(PodFacts pod, String detail) {
        return Diagnosis.of(
                OfPod.NODE_GONE,
                "Pod " + pod.name() + " on " + pod.node() + " was lost: " + detail
                        + (pod.nodeName() == null
                                ? "."
                                : ". Check the node with: kubectl describe node " + pod.nodeName()));
    }

    private static Diagnosis deadline(PodFacts pod) {
        return Diagnosis.of(
                OfPod.DEADLINE_PASSED,
                "Pod " + pod.name()
                        + " did not end within its time. Raise spec.timeoutSeconds if the build needs longer.");
    }

    private static Diagnosis evicted(PodFacts pod, String detail) {
        // A node that is short of disk evicts with other words; there another node may do.
        if (isOverLimit(detail)) {
            return Diagnosis.of(
                    OfPod.OVER_DISK_LIMIT,
                    "Pod " + pod.name() + " was evicted from " + pod.node() + ": " + detail
                            + ". The build needs more disk than worker.stateSizeLimit in the configuration of Kiln, or than"
                            + " spec.worker.resources.limits.ephemeral-storage, allows.");
        }
        return Diagnosis.of(OfPod.EVICTED, "Pod " + pod.name() + " was evicted from " + pod.node() + ": " + detail);
    }

    private static boolean isOverLimit(String detail) {
        return detail.contains("EmptyDir")
                || detail.contains("local ephemeral storage limit")
                || detail.contains("exceeds the total limit of containers");
    }

    private static Diagnosis preempted(PodFacts pod, String detail) {
        return Diagnosis.of(OfPod.PREEMPTED, "Pod " + pod.name() + " was evicted from " + pod.node() + ": " + detail);
    }

    private static Optional<Diagnosis> disruption(PodFacts pod) {
        return pod.condition(DISRUPTION)
                .filter(condition -> "True".equals(condition.getStatus()))
                .map(condition -> {
                    String detail =
                            HostileText.line(condition.getReason() + ": " + condition.getMessage(), LONGEST_DETAIL);
                    String reason = Objects.requireNonNullElse(condition.getReason(), "");
                    if (NODE_GONE.contains(reason)) {
                        return nodeGone(pod, detail);
                    }
                    return reason.equals("PreemptionByScheduler") ? preempted(pod, detail) : evicted(pod, detail);
                });
    }
}
