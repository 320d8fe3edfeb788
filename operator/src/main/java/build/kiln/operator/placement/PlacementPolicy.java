package build.kiln.operator.placement;

import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Decides between a node of the platform's architecture and emulation. Pure. */
public final class PlacementPolicy {
    /** Architectures that the worker images are made for. */
    static final List<String> IMAGE_ARCHITECTURES = List.of("amd64", "arm64");

    static final String ARCHITECTURE_LABEL = "kubernetes.io/arch";
    static final String OS_LABEL = "kubernetes.io/os";

    /** Those that the launcher in the kiln/buildkit image has an emulator for. */
    private static final List<String> PLATFORMS = List.of(
            "linux/amd64", "linux/arm64", "linux/386", "linux/arm", "linux/ppc64le", "linux/riscv64", "linux/s390x");

    private static final Pattern VARIANT = Pattern.compile("v[0-9]+(\\.[0-9]+)?");

    /**
     * Places one platform.
     *
     * @param platform as docker writes it
     * @param nodes all nodes of the cluster
     */
    public PlacementDecision place(String platform, List<NodeView> nodes) {
        String[] parts = platform.split("/", -1);
        boolean formed = parts.length == 2
                || (parts.length == 3 && VARIANT.matcher(parts[2]).matches());
        if (!formed || !PLATFORMS.contains(parts[0] + "/" + parts[1])) {
            return new PlacementDecision.Refused(PLATFORMS);
        }
        String architecture = parts[1];
        if (nodes.stream().noneMatch(node -> isUsable(node, architecture))) {
            return emulated(Placement.NO_NATIVE_NODE);
        }
        return IMAGE_ARCHITECTURES.contains(architecture)
                ? nativeOn(architecture)
                : emulated(Placement.NO_WORKER_IMAGE);
    }

    private static boolean isUsable(NodeView node, String architecture) {
        return node.architecture().equals(architecture)
                && node.ready()
                && node.schedulable()
                && node.taints().stream().allMatch(taint -> isTolerated(taint, architecture));
    }

    /** Only these taints are tolerated that say nothing but the architecture; some providers put them on Arm nodes. */
    private static boolean isTolerated(Taint taint, String architecture) {
        return switch (taint.getEffect()) {
            case "NoSchedule" -> ARCHITECTURE_LABEL.equals(taint.getKey()) && architecture.equals(taint.getValue());
            case "NoExecute" -> false;
            case null, default -> true;
        };
    }

    private static Placement nativeOn(String architecture) {
        Toleration toleration = new TolerationBuilder()
                .withKey(ARCHITECTURE_LABEL)
                .withOperator("Equal")
                .withValue(architecture)
                .withEffect("NoSchedule")
                .build();
        return new Placement(
                Mode.Native,
                Placement.NATIVE_NODE,
                Map.of(OS_LABEL, "linux", ARCHITECTURE_LABEL, architecture),
                List.of(architecture),
                List.of(toleration));
    }

    private static Placement emulated(String reason) {
        Toleration toleration = new TolerationBuilder()
                .withKey(ARCHITECTURE_LABEL)
                .withOperator("Exists")
                .withEffect("NoSchedule")
                .build();
        return new Placement(
                Mode.Emulated, reason, Map.of(OS_LABEL, "linux"), IMAGE_ARCHITECTURES, List.of(toleration));
    }
}
