package build.kiln.operator.worker;

import build.kiln.operator.failure.Evidence.OfPod;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;

/**
 * What keeps the containers of a scheduled pod from running.
 *
 * @param reason the cluster's word for it
 * @param detail the same in its own words
 */
record StartObstacle(String reason, String detail) {
    private static final int LONGEST_REASON = 100;
    private static final int LONGEST_DETAIL = 500;

    /** The kubelet itself keeps trying for that long before a pull, a container or a sandbox counts as failed. */
    static final Duration GRACE = Duration.ofMinutes(3);

    /** What the kubelet says of a container, or else what was published about the pod. */
    static Optional<StartObstacle> of(PodFacts pod) {
        return pod.waiting()
                .filter(waiting -> !WorkerObservation.Waiting.isOrdinary(waiting.getReason()))
                .map(StartObstacle::ofContainer)
                .or(() -> pod.isWithoutSandbox() ? ofWarnings(pod) : Optional.empty());
    }

    private static StartObstacle ofContainer(ContainerStateWaiting waiting) {
        return told(waiting.getReason(), Objects.requireNonNullElse(waiting.getMessage(), "no reason was given"));
    }

    private static Optional<StartObstacle> ofWarnings(PodFacts pod) {
        return pod.warnings().stream()
                .filter(warning -> PodWarning.isTelling(warning.reason()))
                .max(Comparator.<PodWarning, Boolean>comparing(warning -> !warning.isGeneral())
                        .thenComparing(PodWarning::time)
                        .thenComparing(PodWarning::message))
                .map(warning -> told(warning.reason(), warning.message()));
    }

    private static StartObstacle told(String reason, String message) {
        return new StartObstacle(
                HostileText.line(reason, LONGEST_REASON), withoutFullStop(HostileText.line(message, LONGEST_DETAIL)));
    }

    /** For {@link build.kiln.operator.failure.FailureTable}, once it has lasted too long. */
    OfPod evidence() {
        return switch (reason) {
            case "InvalidImageName" -> OfPod.IMAGE_NAME_INVALID;
            case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable", "ImageInspectError" ->
                OfPod.IMAGE_NOT_PULLED;
            case "CreateContainerConfigError", "FailedMount" ->
                isSecretMissing() ? OfPod.SECRET_GONE : OfPod.NOT_STARTED;
            default -> OfPod.NOT_STARTED;
        };
    }

    /**
     * Until when the kubelet may go on trying.
     *
     * @param scheduled when the pod got its node
     * @param startDeadline until when a pod without an obstacle may take
     */
    Instant deadline(Instant scheduled, Instant startDeadline) {
        Instant grace = scheduled.plus(GRACE);
        Instant early = grace.isBefore(startDeadline) ? grace : startDeadline;
        return switch (reason) {
            case "InvalidImageName", "ErrImageNeverPull" -> scheduled;
            case "ErrImagePull",
                    "ImagePullBackOff",
                    "RegistryUnavailable",
                    "ImageInspectError",
                    "CreateContainerConfigError",
                    "CreateContainerError",
                    "RunContainerError",
                    "FailedCreatePodSandBox",
                    "FailedCreatePodContainer" -> early;
            // A volume of a node that was lost is given free only after several minutes.
            default -> isSecretMissing() ? early : startDeadline;
        };
    }

    /** What to do now; empty where only the cluster's own words can help. */
    String advice(String namespace) {
        return switch (evidence()) {
            case IMAGE_NAME_INVALID -> "Correct the chart values image.*.";
            case IMAGE_NOT_PULLED ->
                "It is an image of Kiln: check the chart values image.*, and that nodes are able and allowed to pull it.";
            case SECRET_GONE -> "Create the Secret, or the key in it, in namespace " + namespace + ".";
            case EVICTED,
                    PREEMPTED,
                    OVER_DISK_LIMIT,
                    NODE_GONE,
                    STOPPED,
                    DEADLINE_PASSED,
                    OUT_OF_MEMORY,
                    NO_RESULT,
                    NODE_UNSUPPORTED,
                    REFUSED_BY_KUBELET,
                    UNSCHEDULABLE,
                    CACHE_VOLUME_UNAVAILABLE,
                    NOT_STARTED -> "";
        };
    }

    private boolean isSecretMissing() {
        return (detail.contains("secret \"") && detail.contains("not found"))
                || detail.contains("non-existent secret key")
                || detail.contains("couldn't find key");
    }

    private static String withoutFullStop(String text) {
        return text.endsWith(".") && !text.endsWith("...") ? text.substring(0, text.length() - 1) : text;
    }
}
