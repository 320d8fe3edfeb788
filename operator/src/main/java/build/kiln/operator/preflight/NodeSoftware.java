package build.kiln.operator.preflight;

import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeRuntimeHandler;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.NodeSystemInfo;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What runs on a node. Nodes with the same software are taken to be able to do the same.
 *
 * @param kubelet version, as the node reports it; empty when it does not, like the following
 * @param runtime name and version of the container runtime: {@code containerd://2.4.2}
 * @param kernel version
 * @param image name of the operating system's image
 * @param userNamespaces whether the default runtime handler can give pods user namespaces; null when the kubelet does not know
 */
public record NodeSoftware(
        String kubelet,
        String runtime,
        String kernel,
        String image,
        @Nullable Boolean userNamespaces) {
    /** That of a node that reports nothing. */
    public static final NodeSoftware UNKNOWN = new NodeSoftware("", "", "", "", null);

    private static final Pattern RUNTIME = Pattern.compile("(containerd|cri-o)://v?(\\d{1,4})\\.(\\d{1,4})\\D.*");
    private static final int CONTAINERD_MAJOR = 2;
    private static final int CRIO_MINOR = 25;

    /** What a node reports of itself. */
    public static NodeSoftware of(Node node) {
        NodeStatus status = node.getStatus();
        NodeSystemInfo info = status == null ? null : status.getNodeInfo();
        if (info == null) {
            return UNKNOWN;
        }
        return new NodeSoftware(
                Objects.requireNonNullElse(info.getKubeletVersion(), ""),
                Objects.requireNonNullElse(info.getContainerRuntimeVersion(), ""),
                Objects.requireNonNullElse(info.getKernelVersion(), ""),
                Objects.requireNonNullElse(info.getOsImage(), ""),
                userNamespaces(status.getRuntimeHandlers()));
    }

    /**
     * What a node's own report says against a profile. Unknown is no objection, nor is the version of the kernel:
     * distributions add to theirs what newer ones have.
     */
    public Optional<Unfit> objection(Profile profile) {
        return switch (profile) {
            case Rootless -> Optional.empty();
            case Baseline ->
                isWithoutUserNamespaces()
                        ? Optional.of(new Unfit(
                                Symptom.UserNamespacesUnsupported,
                                "the node reports that its runtime" + (runtime.isEmpty() ? "" : " " + runtime)
                                        + " gives pods no user namespaces"))
                        : Optional.empty();
        };
    }

    private boolean isWithoutUserNamespaces() {
        return userNamespaces == null ? isOldRuntime() : !userNamespaces;
    }

    /** Older than what could give pods user namespaces that way; such a runtime does not say so itself. */
    private boolean isOldRuntime() {
        Matcher version = RUNTIME.matcher(runtime + " ");
        if (!version.matches()) {
            return false;
        }
        int major = Integer.parseInt(version.group(2));
        int minor = Integer.parseInt(version.group(3));
        return version.group(1).equals("containerd")
                ? major < CONTAINERD_MAJOR
                : major < 1 || (major == 1 && minor < CRIO_MINOR);
    }

    private static @Nullable Boolean userNamespaces(@Nullable List<NodeRuntimeHandler> handlers) {
        for (NodeRuntimeHandler handler : Objects.requireNonNullElse(handlers, List.<NodeRuntimeHandler>of())) {
            boolean isDefault = handler.getName() == null || handler.getName().isEmpty();
            if (isDefault && handler.getFeatures() != null) {
                return handler.getFeatures().getUserNamespaces();
            }
        }
        return null;
    }
}
