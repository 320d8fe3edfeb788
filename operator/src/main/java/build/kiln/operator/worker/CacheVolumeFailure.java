package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.protocol.FailureReason;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** A worker pod that its cache volume keeps from starting. A build is not made to wait for a cache for long. */
final class CacheVolumeFailure {
    /** Long enough to make a volume, and to detach one from the node before. */
    static final Duration GRACE = Duration.ofMinutes(2);

    /** Before there is a container; the kubelet mounts volumes then. */
    private static final Set<String> CREATING = Set.of("ContainerCreating", "PodInitializing");

    /** What the kubelet and the controllers of volumes publish meanwhile. */
    private static final Set<String> MOUNTING = Set.of("FailedAttachVolume", "FailedMount", "FailedMapVolume");

    private static final String GIVE_UP =
            "The next attempt does without it. If it stays so, give the volume up with the annotation "
                    + ImageBuild.EMPTY_CACHE_ANNOTATION + ".";

    private static final int LONGEST_DETAIL = 500;

    /** What the scheduler says where a volume, and not the size of nodes, is the reason. */
    private static final Pattern OF_VOLUMES = Pattern.compile(
            "persistentvolume|volume node affinity|storageclass|pvc\\(s\\)|volume\\(s\\)|bind.* volumes");

    private CacheVolumeFailure() {}

    /** Whether that is why the scheduler finds no node. */
    static boolean explains(PodFacts pod, String schedulerMessage) {
        return pod.claimName().isPresent()
                && OF_VOLUMES.matcher(schedulerMessage.toLowerCase(Locale.ROOT)).find();
    }

    /**
     * Why the kubelet created no container in time.
     *
     * @param reason why the first container waits
     * @param detail the same for people
     */
    static Optional<Diagnosis> ofStart(PodFacts pod, String reason, String detail) {
        if (pod.claimName().isEmpty()) {
            return Optional.empty();
        }
        if (CREATING.contains(reason)) {
            return Optional.of(of(pod, "the kubelet of " + pod.node() + " has created no container in time"));
        }
        if (MOUNTING.contains(reason)) {
            return Optional.of(of(pod, "on " + pod.node() + ": " + detail));
        }
        return detail.toLowerCase(Locale.ROOT).contains("idmap")
                ? Optional.of(of(
                        pod,
                        "its file system on " + pod.node() + " cannot have the ids of a user namespace mapped: "
                                + detail))
                : Optional.empty();
    }

    /** What it means. */
    static Diagnosis of(PodFacts pod, String detail) {
        return Diagnosis.of(
                OfPod.CACHE_VOLUME_UNAVAILABLE,
                "Pod " + pod.name() + " cannot use the cache volume of PersistentVolumeClaim "
                        + pod.claimName().orElse("") + ": " + HostileText.line(detail, LONGEST_DETAIL)
                        + ". " + GIVE_UP);
    }

    /** What is to be done about a volume that is full or cannot be used, and whose name the worker does not know. */
    static String advice(PodFacts pod, FailureReason reason) {
        Optional<String> claim = pod.claimName();
        if (claim.isEmpty()) {
            return "";
        }
        if (reason == FailureReason.CacheVolumeUnavailable) {
            return "\nIt is that of PersistentVolumeClaim " + claim.get() + ". " + GIVE_UP;
        }
        return reason == FailureReason.OutOfDisk
                ? "\nThat volume is the cache volume of PersistentVolumeClaim " + claim.get()
                        + ": raise spec.cache.volume.size, or empty it with the annotation "
                        + ImageBuild.EMPTY_CACHE_ANNOTATION + "."
                : "";
    }
}
