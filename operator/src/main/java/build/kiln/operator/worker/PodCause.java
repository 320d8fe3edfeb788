package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.FailureReason;
import java.util.Optional;

/**
 * What ended a pod from outside.
 *
 * @param reason for {@code status}
 * @param message what happened and what to do now
 * @param worthRetrying whether another attempt may succeed
 */
record PodCause(FailureReason reason, String message, boolean worthRetrying) {
    private static final int LONGEST_DETAIL = 500;

    /** The cause, where the pod's status or its conditions name one. */
    static Optional<PodCause> of(PodFacts pod) {
        String detail = HostileText.line(pod.message(), LONGEST_DETAIL);
        return switch (pod.reason()) {
            case "Evicted" -> Optional.of(evicted(pod, detail));
            case "DeadlineExceeded" -> Optional.of(deadline(pod));
            case "NodeLost" -> Optional.of(nodeLost(pod, detail));
            case "Terminated", "NodeShutdown", "Shutdown" ->
                Optional.of(nodeLost(pod, "the node was shut down: " + detail));
            case "Preempting" -> Optional.of(evictedFrom(pod, "preempted by a pod of higher priority"));
            default -> disruption(pod);
        };
    }

    /** Why the kubelet of the chosen node did not take the pod at all. */
    static PodCause rejected(PodFacts pod) {
        return new PodCause(
                FailureReason.PodRejected,
                "Pod " + pod.name() + " was refused by " + pod.node() + ": "
                        + HostileText.line(pod.reason() + " " + pod.message(), LONGEST_DETAIL),
                true);
    }

    static PodCause nodeLost(PodFacts pod, String detail) {
        return new PodCause(
                FailureReason.NodeLost,
                "Pod " + pod.name() + " on " + pod.node() + " was lost: " + detail
                        + (pod.nodeName() == null
                                ? "."
                                : ". Check the node with: kubectl describe node " + pod.nodeName()),
                true);
    }

    private static PodCause deadline(PodFacts pod) {
        return new PodCause(
                FailureReason.DeadlineExceeded,
                "Pod " + pod.name()
                        + " did not end within its time. Raise spec.timeoutSeconds if the build needs longer.",
                false);
    }

    private static PodCause evicted(PodFacts pod, String detail) {
        if (detail.contains("EmptyDir") || detail.contains("ephemeral local storage")) {
            return new PodCause(
                    FailureReason.OutOfDisk,
                    "Pod " + pod.name() + " was evicted from " + pod.node() + ": " + detail
                            + ". The build needs more disk than worker.stateSizeLimit in the configuration of Kiln, or than"
                            + " spec.worker.resources.limits.ephemeral-storage, allows.",
                    true);
        }
        return evictedFrom(pod, detail);
    }

    private static PodCause evictedFrom(PodFacts pod, String detail) {
        return new PodCause(
                FailureReason.Evicted, "Pod " + pod.name() + " was evicted from " + pod.node() + ": " + detail, true);
    }

    private static Optional<PodCause> disruption(PodFacts pod) {
        return pod.condition("DisruptionTarget")
                .filter(condition -> "True".equals(condition.getStatus()))
                .map(condition -> {
                    String detail =
                            HostileText.line(condition.getReason() + ": " + condition.getMessage(), LONGEST_DETAIL);
                    return switch (condition.getReason()) {
                        case "DeletionByTaintManager", "DeletionByPodGC" -> nodeLost(pod, detail);
                        case null, default -> evictedFrom(pod, detail);
                    };
                });
    }
}
