package build.kiln.operator.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeSoftwareTest {
    /** What is not known is no objection. */
    @ParameterizedTest
    @CsvSource({
        "containerd://2.4.2,      true,  false",
        "containerd://2.4.2,      false, true",
        "containerd://2.4.2,      ,      false",
        "containerd://1.7.27,     ,      true",
        "containerd://v1.6.8-gke, ,      true",
        "containerd://1.7.27,     true,  false",
        "cri-o://1.24.6,          ,      true",
        "cri-o://1.25.0,          ,      false",
        "cri-o://1.30.2,          false, true",
        "docker://27.0.1,         ,      false",
        "containerd://main,       ,      false",
        "'',                      ,      false",
        "'',                      false, true",
    })
    void baselineNeedsUserNamespaces(String runtime, @Nullable Boolean reported, boolean unfit) {
        NodeSoftware software = new NodeSoftware("v1.33.1", runtime, "5.15.0-100-generic", "Ubuntu", reported);

        assertThat(software.objection(Profile.Baseline).map(Unfit::symptom))
                .isEqualTo(unfit ? Optional.of(Symptom.UserNamespacesUnsupported) : Optional.empty());
        assertThat(software.objection(Profile.Rootless)).isEmpty();
    }

    @Test
    void theDefaultHandlerCounts() {
        assertThat(NodeSoftware.of(node("""
                        status:
                          nodeInfo:
                            kubeletVersion: v1.36.3
                            containerRuntimeVersion: containerd://2.4.2
                            kernelVersion: 6.18.5
                            osImage: Debian
                          runtimeHandlers:
                          - {name: kata, features: {userNamespaces: false}}
                          - {name: "", features: {userNamespaces: true, recursiveReadOnlyMounts: true}}
                        """)))
                .isEqualTo(new NodeSoftware("v1.36.3", "containerd://2.4.2", "6.18.5", "Debian", true));
    }

    @Test
    void aNodeThatHasNotReportedYetIsUnknown() {
        assertThat(NodeSoftware.of(node("status: {}"))).isEqualTo(NodeSoftware.UNKNOWN);
        assertThat(NodeSoftware.of(node("spec: {}"))).isEqualTo(NodeSoftware.UNKNOWN);
    }

    private static Node node(String yaml) {
        return Serialization.unmarshal("kind: Node\napiVersion: v1\nmetadata: {name: n1}\n" + yaml, Node.class);
    }
}
