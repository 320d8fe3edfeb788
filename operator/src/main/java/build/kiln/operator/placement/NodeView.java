package build.kiln.operator.placement;

import build.kiln.operator.preflight.NodeSoftware;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeSpec;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * What placement needs to know of a node.
 *
 * @param name of the node
 * @param labels as on the node
 * @param ready whether the kubelet reports Ready
 * @param schedulable whether it is not cordoned
 * @param taints as on the node
 * @param allocatable what it can give to pods altogether; empty as long as the kubelet has not reported it
 * @param software what runs on it
 */
public record NodeView(
        String name,
        Map<String, String> labels,
        boolean ready,
        boolean schedulable,
        List<Taint> taints,
        Map<String, Quantity> allocatable,
        NodeSoftware software) {
    public NodeView {
        // Not copied: every look at a build makes views of all nodes.
        labels = Collections.unmodifiableMap(labels);
        taints = Collections.unmodifiableList(taints);
        allocatable = Collections.unmodifiableMap(allocatable);
    }

    /** The view of a node as the API server shows it. */
    public static NodeView of(Node node) {
        Map<String, String> labels = node.getMetadata().getLabels();
        NodeSpec spec = node.getSpec();
        NodeStatus status = node.getStatus();
        return new NodeView(
                node.getMetadata().getName(),
                labels == null ? Map.of() : labels,
                isReady(status),
                spec == null || !Boolean.TRUE.equals(spec.getUnschedulable()),
                spec == null || spec.getTaints() == null ? List.of() : spec.getTaints(),
                status == null || status.getAllocatable() == null ? Map.of() : status.getAllocatable(),
                NodeSoftware.of(node));
    }

    /** Label {@code kubernetes.io/arch}; empty when the node has none. */
    public String architecture() {
        return labels.getOrDefault(PlacementPolicy.ARCHITECTURE_LABEL, "");
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
