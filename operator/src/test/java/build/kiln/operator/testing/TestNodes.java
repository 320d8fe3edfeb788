package build.kiln.operator.testing;

import build.kiln.operator.placement.NodeView;
import build.kiln.operator.preflight.NodeSoftware;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.List;
import java.util.Map;

/** Nodes as placement sees them. */
public final class TestNodes {
    private TestNodes() {}

    /** A node that takes pods. */
    public static NodeView ready(String name, String architecture, Taint... taints) {
        return with(NodeSoftware.UNKNOWN, name, architecture, taints);
    }

    /** The same with that software. */
    public static NodeView with(NodeSoftware software, String name, String architecture, Taint... taints) {
        return new NodeView(
                name,
                Map.of("kubernetes.io/arch", architecture, "kubernetes.io/hostname", name),
                true,
                true,
                List.of(taints),
                Map.of(),
                software);
    }
}
