package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.testing.ControlPlane;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A cluster whose only node reports that it has no user namespaces. */
class ProfileIT extends LiveOperator {
    private static final String AUTO = """
            apiVersion: kiln.build/v1alpha1
            kind: ImageBuild
            metadata: {name: hello}
            spec:
              source: {inline: {files: {Dockerfile: "FROM scratch"}}}
              platforms: [linux/amd64]
              output: {image: registry.example.com/hello}
              worker: {profile: Auto}
            """;

    ProfileIT(ControlPlane.Access access) {
        super(access);
    }

    @BeforeEach
    void createNode() {
        client.resource(new NodeBuilder()
                        .withNewMetadata()
                        .withName("plain")
                        .addToLabels(Map.of("kubernetes.io/arch", "amd64", "kubernetes.io/hostname", "plain"))
                        .endMetadata()
                        .build())
                .create();
        client.nodes()
                .withName("plain")
                .subresource("status")
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"status\": {\"runtimeHandlers\": [{\"name\": \"\", \"features\": {\"userNamespaces\": false}}]}}");
    }

    @AfterEach
    void deleteNode() {
        access.client().nodes().withName("plain").delete();
    }

    @Test
    void autoIsRootlessWhereTheNamespaceAdmitsIt() throws IOException {
        OperatorProcess operator = start();

        apply(AUTO);
        Pod pod = awaitPods(1).getFirst();

        assertThat(pod.getSpec().getHostUsers()).isNull();
        assertThat(platform().profile()).isEqualTo(PlatformStatus.Profile.Rootless);
        assertThat(platform().profileReason()).isEqualTo("UserNamespacesUnsupported");
        assertThat(condition("ProfileUnsupported").status()).isEqualTo(Condition.Status.True);
        awaitEvents("ProfileUnsupported");
        assertThat(metrics(operator))
                .contains("kiln_nodes_unsupported{profile=\"Baseline\",reason=\"UserNamespacesUnsupported\"} 1.0")
                .doesNotContain("kiln_nodes_unsupported{profile=\"Rootless\"");
    }

    @Test
    void theLabelOfTheNamespaceKeepsItOut() throws IOException {
        namespace = createNamespace(Map.of("pod-security.kubernetes.io/enforce", "baseline"));
        start(Optional.empty(), "watchNamespaces: [" + namespace + "]\n");

        apply(AUTO);
        awaitPhase(Run.Phase.Failed);

        assertThat(pods()).isEmpty();
        assertThat(failure().reason()).isEqualTo(FailureReason.WorkerUnsupported);
        assertThat(condition("ProfileUnsupported").message())
                .contains("plain", "containerd 2.0", "pod-security.kubernetes.io/enforce=privileged");
    }

    private PlatformStatus platform() {
        return Objects.requireNonNull(status().platforms()).getFirst();
    }

    private static String metrics(OperatorProcess operator) throws IOException {
        OkHttpClient http = new OkHttpClient();
        try (Response response = http.newCall(new Request.Builder()
                        .url("http://127.0.0.1:" + operator.port() + "/metrics")
                        .build())
                .execute()) {
            return Objects.requireNonNull(response.body()).string();
        }
    }
}
