package build.kiln.operator.placement;

import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.operator.placement.NodeFit.Verdict;
import build.kiln.operator.preflight.ProfileUse;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Decides between a node of the platform's architecture and emulation. Pure. */
public final class PlacementPolicy {
    /** Architectures that the worker images are made for. */
    public static final List<String> IMAGE_ARCHITECTURES = List.of("amd64", "arm64");

    static final String ARCHITECTURE_LABEL = "kubernetes.io/arch";
    static final String OS_LABEL = "kubernetes.io/os";

    /** Those that the launcher in the kiln/buildkit image has an emulator for. */
    private static final List<String> PLATFORMS = List.of(
            "linux/amd64", "linux/arm64", "linux/386", "linux/arm", "linux/ppc64le", "linux/riscv64", "linux/s390x");

    /** Architectures whose processors can run programs of an older one; the launcher tries before it takes QEMU. */
    private static final Map<String, String> COMPATIBLE = Map.of("386", "amd64", "arm", "arm64");

    /**
     * Without other word: a build or a drain ends, a node restarts. Longer than most emulated builds would not be worth it, and
     * where the cluster has no such node at all, nothing says that one will come.
     */
    private static final Duration DEFAULT_WAIT = Duration.ofMinutes(2);

    private static final Pattern VARIANT = Pattern.compile("v[0-9]+(\\.[0-9]+)?");
    private static final int MOST_NODES_NAMED = 3;

    private final Duration longestWait;

    /**
     * @param longestWait after which a pod that no node takes has failed
     */
    public PlacementPolicy(Duration longestWait) {
        this.longestWait = longestWait;
    }

    /**
     * Places one platform.
     *
     * @param request what its pod asks for
     * @param nodes all nodes of the cluster
     */
    public PlacementDecision place(PlacementRequest request, List<NodeView> nodes) {
        return place(request, nodes, (_, _) -> Optional.empty());
    }

    /** What else stands against a node. */
    @FunctionalInterface
    interface Objections {
        /**
         * @param emulated whether the platform would be emulated there
         * @return why it never takes the pod; empty when nothing does
         */
        Optional<String> against(NodeView node, boolean emulated);
    }

    /** The same where more may stand against a node. */
    PlacementDecision place(PlacementRequest request, List<NodeView> nodes, Objections objections) {
        String platform = request.platform();
        String[] parts = platform.split("/", -1);
        boolean formed = parts.length == 2
                || (parts.length == 3 && VARIANT.matcher(parts[2]).matches());
        if (!formed || !PLATFORMS.contains(parts[0] + "/" + parts[1])) {
            return new PlacementDecision.Refused("spec.platforms: Kiln cannot build " + platform + "; write some of "
                    + String.join(", ", PLATFORMS) + ", or variants of them");
        }
        Choice choice = new Choice(request, parts[1], nodes, objections);
        return switch (request.mode()) {
            case Native -> choice.nativeOnly();
            case Emulated -> choice.emulatedOnly();
            case Auto -> choice.best();
        };
    }

    static boolean isOf(List<String> architectures, NodeView node) {
        return architectures.contains(node.architecture())
                && "linux".equals(node.labels().getOrDefault(OS_LABEL, "linux"));
    }

    /** The choice for one platform of a known architecture. */
    private final class Choice {
        private final PlacementRequest request;
        private final String architecture;
        private final List<NodeView> nodes;
        private final Objections objections;
        private final List<String> others;
        private final List<NodeFit> natives;

        Choice(PlacementRequest request, String architecture, List<NodeView> nodes, Objections objections) {
            this.request = request;
            this.architecture = architecture;
            this.nodes = nodes;
            this.objections = objections;
            this.others = IMAGE_ARCHITECTURES.stream()
                    .filter(other -> !other.equals(architecture))
                    .toList();
            this.natives = fits(List.of(architecture), tolerations(architecture), false);
        }

        PlacementDecision nativeOnly() {
            if (!hasWorkerImage()) {
                return new PlacementDecision.Refused("spec.placement: " + request.platform()
                        + " can only be emulated, because there are no worker images but for nodes of "
                        + String.join(" and ", IMAGE_ARCHITECTURES)
                        + "; write mode Auto or Emulated for it in placement.platforms");
            }
            return isUsable(natives)
                    ? nativeOn(Placement.NATIVE_NODE, null)
                    : nativeOn(Placement.NATIVE_ONLY, withoutNative());
        }

        Placement emulatedOnly() {
            return hasWorkerImage() && !hasOthers()
                    ? nativeOn(Placement.NO_OTHER_NODE, withoutOthers())
                    : emulated(Placement.EMULATED_ONLY, null);
        }

        Placement best() {
            if (!hasWorkerImage()) {
                return withoutWorkerImage();
            }
            boolean usable = isUsable(natives);
            if (!hasOthers()) {
                return usable
                        ? nativeOn(Placement.NATIVE_NODE, null)
                        : nativeOn(Placement.NO_OTHER_NODE, withoutNative() + "; " + withoutOthers());
            }
            Duration wait = nativeWait();
            if (request.waited() != null && request.waited().compareTo(wait) >= 0) {
                return emulated(
                        Placement.NATIVE_WAIT_OVER,
                        "no node of " + architecture + " took the pod within "
                                + request.waited().toSeconds() + " s" + (usable ? "" : "; " + withoutNative()));
            }
            if (usable) {
                return nativeOn(Placement.NATIVE_NODE, null, wait);
            }
            return wait.isPositive()
                    ? nativeOn(Placement.AWAITING_NATIVE_NODE, withoutNative(), wait)
                    : emulated(Placement.NO_NATIVE_NODE, withoutNative());
        }

        /** A node that is full is as good as one that is cordoned: it may take the pod later. */
        private Duration nativeWait() {
            boolean mayCome = natives.stream().anyMatch(fit -> fit.verdict() != Verdict.NEVER);
            Duration wait = Objects.requireNonNullElse(request.nativeWait(), mayCome ? DEFAULT_WAIT : Duration.ZERO);
            return wait.compareTo(longestWait) < 0 ? wait : longestWait;
        }

        private Placement withoutWorkerImage() {
            String compatible = COMPATIBLE.get(architecture);
            if (compatible != null && isUsable(fits(List.of(compatible), tolerations(null), true))) {
                return emulated(
                        Placement.COMPATIBLE_NODE,
                        "a processor of " + compatible + " may run programs of " + request.platform()
                                + " itself; where it does not, QEMU does");
            }
            return natives.isEmpty()
                    ? emulated(Placement.NO_NATIVE_NODE, withoutNative())
                    : emulated(Placement.NO_WORKER_IMAGE, "there is no worker image for nodes of " + architecture);
        }

        private boolean hasWorkerImage() {
            return IMAGE_ARCHITECTURES.contains(architecture);
        }

        private boolean hasOthers() {
            return fits(others, tolerations(null), true).stream().anyMatch(fit -> fit.verdict() != Verdict.NEVER);
        }

        private List<NodeFit> fits(List<String> architectures, List<Toleration> tolerations, boolean emulated) {
            return nodes.stream()
                    .filter(node -> isOf(architectures, node))
                    .map(node -> NodeFit.of(node, request, tolerations)
                            .unless(objections.against(node, emulated).orElse(null)))
                    .toList();
        }

        private static boolean isUsable(List<NodeFit> fits) {
            return fits.stream().anyMatch(fit -> fit.verdict() == Verdict.USABLE);
        }

        private String withoutNative() {
            return without(architecture, natives);
        }

        private String withoutOthers() {
            return without(String.join(" or ", others), fits(others, tolerations(null), true));
        }

        /** Names the first nodes and what stands against them. */
        private static String without(String architectures, List<NodeFit> fits) {
            if (fits.isEmpty()) {
                return "no node has the architecture " + architectures;
            }
            String named = fits.stream()
                    .limit(MOST_NODES_NAMED)
                    .map(fit -> fit.node() + " " + fit.why())
                    .collect(Collectors.joining(", "));
            int more = fits.size() - MOST_NODES_NAMED;
            return "no node of " + architectures + " can take the pod: " + named
                    + (more > 0 ? ", and " + more + " more" : "");
        }

        private Placement nativeOn(String reason, @Nullable String message) {
            return nativeOn(reason, message, null);
        }

        private Placement nativeOn(String reason, @Nullable String message, @Nullable Duration wait) {
            Map<String, String> nodeSelector = selector(architecture);
            Map<String, String> features = NodeFit.featuresOf(request.platform());
            boolean known = nodes.stream()
                    .anyMatch(node -> node.architecture().equals(architecture)
                            && node.labels().entrySet().containsAll(features.entrySet()));
            if (known) {
                nodeSelector.putAll(features);
            }
            return new Placement(
                    Mode.Native,
                    reason,
                    message,
                    nodeSelector,
                    List.of(architecture),
                    null,
                    tolerations(architecture),
                    wait,
                    ProfileUse.of(Profile.Baseline));
        }

        private Placement emulated(String reason, @Nullable String message) {
            @Nullable String preferred = reason.equals(Placement.COMPATIBLE_NODE) ? COMPATIBLE.get(architecture) : null;
            return new Placement(
                    Mode.Emulated,
                    reason,
                    message,
                    selector(others.size() == 1 ? others.getFirst() : null),
                    others,
                    preferred,
                    tolerations(null),
                    null,
                    ProfileUse.of(Profile.Baseline));
        }

        private Map<String, String> selector(@Nullable String only) {
            Map<String, String> selector = new HashMap<>(request.nodeSelector());
            selector.put(OS_LABEL, "linux");
            if (only != null) {
                selector.put(ARCHITECTURE_LABEL, only);
            }
            return selector;
        }

        /** Some providers taint nodes with what is nothing but their architecture. Null: that of any other node. */
        private List<Toleration> tolerations(@Nullable String only) {
            List<Toleration> tolerations = new ArrayList<>();
            tolerations.add(new TolerationBuilder()
                    .withKey(ARCHITECTURE_LABEL)
                    .withOperator(only == null ? "Exists" : "Equal")
                    .withValue(only)
                    .withEffect("NoSchedule")
                    .build());
            tolerations.addAll(request.tolerations());
            return tolerations;
        }
    }
}
