package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What only the kubelet knows, and tells in an event, is told where users look. */
@ExtendWith(ClusterExtension.class)
class HeldUpStartE2e {
    @Test
    void aSecretThatGoesAwayIsNamedAndWaitedFor(Workspace workspace) {
        npmSecret(workspace);
        cordon(workspace, true);
        try {
            workspace.apply("held-up", """
                    source: {inline: {files: {Dockerfile: "FROM scratch\\nLABEL held=up\\n"}}}
                    platforms: [linux/amd64]
                    output: {image: %s}
                    secrets: [{id: npmrc, secretKeyRef: {name: npm, key: .npmrc}}]
                    """.formatted(workspace.repository("held-up")));
            workspace.await("held-up", status -> isIn(status, PlatformStatus.State.WaitingForNode));
            workspace
                    .client()
                    .secrets()
                    .inNamespace(workspace.namespace())
                    .withName("npm")
                    .delete();
        } finally {
            cordon(workspace, false);
        }

        ImageBuildStatus heldUp = workspace.await(
                "held-up",
                status -> Workspace.condition(status, "Ready").reason().equals("WorkerNotStarting"));
        Condition told = Workspace.condition(heldUp, "Reconciling");
        npmSecret(workspace);

        assertThat(told.message()).contains("linux/amd64 does not start (FailedMount)", "secret \"npm\" not found");
        workspace.awaitSucceeded("held-up");
    }

    private static boolean isIn(ImageBuildStatus status, PlatformStatus.State state) {
        return status.platforms() != null
                && status.platforms().stream().allMatch(platform -> platform.state() == state);
    }

    private static void npmSecret(Workspace workspace) {
        workspace.secret("npm", "Opaque", Map.of(".npmrc", "//registry.example.com/:_authToken=none"));
    }

    private static void cordon(Workspace workspace, boolean unschedulable) {
        for (Node node : workspace.client().nodes().list().getItems()) {
            workspace
                    .client()
                    .resource(node)
                    .patch(
                            PatchContext.of(PatchType.JSON_MERGE),
                            "{\"spec\": {\"unschedulable\": %s}}".formatted(unschedulable ? "true" : "null"));
        }
    }
}
