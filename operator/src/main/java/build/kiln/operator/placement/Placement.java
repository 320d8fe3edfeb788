package build.kiln.operator.placement;

import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.operator.preflight.ProfileUse;
import io.fabric8.kubernetes.api.model.Toleration;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the worker pod of a platform may run.
 *
 * @param mode whether the platform's RUN steps execute natively or under QEMU
 * @param reason why, in one word for {@code status.platforms[].modeReason}
 * @param message why, for people; null when there is nothing to explain
 * @param nodeSelector labels the node must have
 * @param architectures values of {@code kubernetes.io/arch} the node may have
 * @param preferredArchitecture the one of these that is better; null when all are as good
 * @param tolerations taints the pod tolerates
 * @param nativeWait how long pods of the platform may wait for a native node altogether before it is emulated; null when no wait
 *     ends that way
 * @param profile how its pod is confined
 */
public record Placement(
        Mode mode,
        String reason,
        @Nullable String message,
        Map<String, String> nodeSelector,
        List<String> architectures,
        @Nullable String preferredArchitecture,
        List<Toleration> tolerations,
        @Nullable Duration nativeWait,
        ProfileUse profile)
        implements PlacementDecision {
    /** Native: a node of the architecture can take the pod. */
    public static final String NATIVE_NODE = "NativeNode";

    /** Native: no node of the architecture can take the pod now, but it waits for one. */
    public static final String AWAITING_NATIVE_NODE = "AwaitingNativeNode";

    /** Native: the spec wants it, though no node of the architecture can take the pod now. */
    public static final String NATIVE_ONLY = "NativeOnly";

    /** Native: no node of another architecture could take an emulated pod either. */
    public static final String NO_OTHER_NODE = "NoOtherNode";

    /** Emulated: no node of the architecture can take the pod. */
    public static final String NO_NATIVE_NODE = "NoNativeNode";

    /** Emulated: no node of the architecture took the pod in time. */
    public static final String NATIVE_WAIT_OVER = "NativeWaitOver";

    /** Emulated: the spec wants it. */
    public static final String EMULATED_ONLY = "EmulatedOnly";

    /** Emulated: no worker image exists for nodes of the architecture. */
    public static final String NO_WORKER_IMAGE = "NoWorkerImage";

    /** Emulated at most: the processor of a node may run 32-bit programs of its family itself. */
    public static final String COMPATIBLE_NODE = "CompatibleNode";

    public Placement {
        nodeSelector = Map.copyOf(nodeSelector);
        architectures = List.copyOf(architectures);
        tolerations = List.copyOf(tolerations);
    }

    /** The same in a pod of that profile. */
    public Placement with(ProfileUse use) {
        return new Placement(
                mode,
                reason,
                message,
                nodeSelector,
                architectures,
                preferredArchitecture,
                tolerations,
                nativeWait,
                use);
    }
}
