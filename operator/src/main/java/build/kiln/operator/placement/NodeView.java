package build.kiln.operator.placement;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeSpec;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.List;
import java.util.Map;

/**
 * What placement needs to know of a node.
 *
 * @param name of the node
 * @param architecture label {@code kubernetes.io/arch}; empty when the node has none
 * @param ready whether the kubelet reports Ready
 * @param schedulable whether it is not cordoned
 * @param taints as on the node
 */
public record NodeView(String name, String architecture, boolean ready, boolean schedulable, List<Taint> taints) {
    public NodeView {
        taints = List.copyOf(taints);
    }

    /** The view of a node as the API server shows it. */
    public static NodeView of(Node node) {
        Map<String, String> labels = node.getMetadata().getLabels();
        NodeSpec spec = node.getSpec();
        List<Taint> taints = spec == null || spec.getTaints() == null ? List.of() : spec.getTaints();
        return new NodeView(
                node.getMetadata().getName(),
                labels == null ? "" : labels.getOrDefault(PlacementPolicy.ARCHITECTURE_LABEL, ""),
                isReady(node.getStatus()),
                spec == null || !Boolean.TRUE.equals(spec.getUnschedulable()),
                taints);
    }

    private static boolean isReady(NodeStatus status) {
        if (status == null || status.getConditions() == null) {
            return false;
        }
        for (NodeCondition condition : status.getConditions()) {
            if ("Ready".equals(condition.getType())) {
                return "True".equals(condition.getStatus());
            }
        }
        return false;
    }
}
