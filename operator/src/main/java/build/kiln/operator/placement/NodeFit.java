package build.kiln.operator.placement;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Whether a node can take a pod, as far as the node itself tells. What its other pods leave free is for the scheduler to say:
 * to know it would mean to watch every pod of the cluster.
 *
 * @param node its name
 * @param verdict the answer
 * @param why what stands against it; empty for {@link Verdict#USABLE}
 */
record NodeFit(String node, Verdict verdict, String why) {
    /** Whether a node can take a pod. */
    enum Verdict {
        /** Now, if there is room. */
        USABLE,
        /** Not now; what stands against it passes. */
        LATER,
        /** Not unless somebody changes the node, or the build. */
        NEVER
    }

    private static final String UNSCHEDULABLE = "node.kubernetes.io/unschedulable";

    /** Taints that kubelets, cloud providers and autoscalers put on nodes that start or are unwell, and take away again. */
    private static final List<String> PASSING =
            List.of("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/", "karpenter.sh/unregistered");

    private static final String CPU_FEATURE = "feature.node.kubernetes.io/cpu-cpuid.";

    static NodeFit of(NodeView node, PlacementRequest request, List<Toleration> tolerations) {
        return Stream.of(
                        selected(node, request),
                        features(node, request),
                        size(node, request),
                        health(node, tolerations),
                        taints(node, tolerations))
                .flatMap(Optional::stream)
                .max((a, b) -> a.verdict().compareTo(b.verdict()))
                .orElseGet(() -> new NodeFit(node.name(), Verdict.USABLE, ""));
    }

    /** The same with an objection that nothing but a change of the node answers; null for none. */
    NodeFit unless(@Nullable String objection) {
        return objection == null || verdict == Verdict.NEVER ? this : new NodeFit(node, Verdict.NEVER, objection);
    }

    /** The labels that the programs of a variant of amd64 need, where somebody (Node Feature Discovery) sets such labels. */
    static Map<String, String> featuresOf(String platform) {
        return switch (platform) {
            case "linux/amd64/v3" -> Map.of(CPU_FEATURE + "AVX2", "true");
            case "linux/amd64/v4" -> Map.of(CPU_FEATURE + "AVX512F", "true");
            default -> Map.of();
        };
    }

    private static Optional<NodeFit> selected(NodeView node, PlacementRequest request) {
        return request.nodeSelector().entrySet().stream()
                .filter(label -> !label.getValue().equals(node.labels().get(label.getKey())))
                .findFirst()
                .map(label -> never(node, "lacks the label " + label.getKey() + "=" + label.getValue()));
    }

    private static Optional<NodeFit> features(NodeView node, PlacementRequest request) {
        boolean known = node.architecture().equals("amd64")
                && node.labels().keySet().stream().anyMatch(label -> label.startsWith(CPU_FEATURE));
        return featuresOf(request.platform()).keySet().stream()
                .filter(label -> known && !node.labels().containsKey(label))
                .findFirst()
                .map(label -> never(node, "has no " + label.substring(CPU_FEATURE.length())));
    }

    private static Optional<NodeFit> size(NodeView node, PlacementRequest request) {
        if (node.allocatable().isEmpty()) {
            return Optional.empty();
        }
        return request.requests().entrySet().stream()
                .filter(wanted -> {
                    Quantity most = node.allocatable().get(wanted.getKey());
                    return most == null
                            || most.getNumericalAmount()
                                            .compareTo(wanted.getValue().getNumericalAmount())
                                    < 0;
                })
                .findFirst()
                .map(wanted -> never(
                        node,
                        "has " + amount(node.allocatable().get(wanted.getKey())) + " " + wanted.getKey()
                                + " for pods, this one asks for " + wanted.getValue()));
    }

    private static String amount(@Nullable Quantity quantity) {
        return quantity == null ? "no" : quantity.toString();
    }

    private static Optional<NodeFit> taints(NodeView node, List<Toleration> tolerations) {
        return node.taints().stream()
                .filter(taint -> keepsOut(taint) && !isTolerated(taint, tolerations))
                .map(taint -> new NodeFit(
                        node.name(), isPassing(taint) ? Verdict.LATER : Verdict.NEVER, "has the taint " + text(taint)))
                .max((a, b) -> a.verdict().compareTo(b.verdict()));
    }

    private static Optional<NodeFit> health(NodeView node, List<Toleration> tolerations) {
        if (!node.ready()) {
            return Optional.of(new NodeFit(node.name(), Verdict.LATER, "is not ready"));
        }
        Taint cordon = new Taint("NoSchedule", UNSCHEDULABLE, null, null);
        return node.schedulable() || isTolerated(cordon, tolerations)
                ? Optional.empty()
                : Optional.of(new NodeFit(node.name(), Verdict.LATER, "is cordoned"));
    }

    private static boolean keepsOut(Taint taint) {
        return "NoSchedule".equals(taint.getEffect()) || "NoExecute".equals(taint.getEffect());
    }

    private static boolean isPassing(Taint taint) {
        return PASSING.stream().anyMatch(taint.getKey()::startsWith);
    }

    /** As the scheduler compares them. */
    private static boolean isTolerated(Taint taint, List<Toleration> tolerations) {
        return tolerations.stream().anyMatch(toleration -> tolerates(toleration, taint));
    }

    private static boolean tolerates(Toleration toleration, Taint taint) {
        boolean effect =
                isUnset(toleration.getEffect()) || toleration.getEffect().equals(taint.getEffect());
        boolean key = isUnset(toleration.getKey()) || toleration.getKey().equals(taint.getKey());
        boolean value = "Exists".equals(toleration.getOperator())
                || orEmpty(toleration.getValue()).equals(orEmpty(taint.getValue()));
        return effect && key && value;
    }

    private static boolean isUnset(@Nullable String text) {
        return text == null || text.isEmpty();
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }

    private static String text(Taint taint) {
        return taint.getKey() + (isUnset(taint.getValue()) ? "" : "=" + taint.getValue()) + ":" + taint.getEffect();
    }

    private static NodeFit never(NodeView node, String why) {
        return new NodeFit(node.name(), Verdict.NEVER, why);
    }
}
