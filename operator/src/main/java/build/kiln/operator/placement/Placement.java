package build.kiln.operator.placement;

import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;

/**
 * Where the worker pod of a platform may run.
 *
 * @param mode whether the platform's RUN steps execute natively or under QEMU
 * @param reason why, in one word for {@code status.platforms[].modeReason}
 * @param nodeSelector labels the node must have
 * @param architectures values of {@code kubernetes.io/arch} the node may have
 * @param tolerations taints the pod tolerates
 */
public record Placement(
        Mode mode,
        String reason,
        Map<String, String> nodeSelector,
        List<String> architectures,
        List<Toleration> tolerations)
        implements PlacementDecision {
    /** Reason of a native placement. */
    public static final String NATIVE_NODE = "NativeNode";

    /** Reason of an emulated placement: no usable node has the architecture. */
    public static final String NO_NATIVE_NODE = "NoNativeNode";

    /** Reason of an emulated placement: nodes of the architecture exist, but no worker image for it. */
    public static final String NO_WORKER_IMAGE = "NoWorkerImage";

    public Placement {
        nodeSelector = Map.copyOf(nodeSelector);
        architectures = List.copyOf(architectures);
        tolerations = List.copyOf(tolerations);
    }
}
