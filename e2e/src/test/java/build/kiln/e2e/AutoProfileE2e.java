package build.kiln.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The profile of workers where {@code Baseline} does not work: because the node cannot, or because a policy is in the way. */
@ExtendWith(ClusterExtension.class)
class AutoProfileE2e {
    private static final String AMD64 = "linux/amd64";
    private static final String NODE = "plain";

    @Test
    void aNodeWhereUserNamespacesAreOff(
            @PodSecurity("privileged") Workspace open, @PodSecurity("baseline") Workspace guarded) {
        open.cluster().addNodeWithoutUserNamespaces(NODE);
        try {
            open.apply("auto", spec(open, "Auto", "nodeSelector: {kubernetes.io/hostname: " + NODE + "}"));
            guarded.apply("auto", spec(guarded, "Auto", "nodeSelector: {kubernetes.io/hostname: " + NODE + "}"));
            guarded.apply("baseline", spec(guarded, "Baseline", "mode: Native"));

            ImageBuildStatus built = open.awaitSucceeded("auto");
            PlatformStatus rootless = Workspace.platform(built, AMD64);
            assertThat(rootless.profile()).isEqualTo(Profile.Rootless);
            assertThat(rootless.profileReason()).isEqualTo("UserNamespacesUnsupported");
            assertThat(rootless.nodeName()).isEqualTo(NODE);
            assertThat(rootless.attempt()).isEqualTo(1);
            Condition told = Workspace.condition(built, "ProfileUnsupported");
            assertThat(told.status()).isEqualTo(Condition.Status.True);
            assertThat(told.message()).contains("is built with profile Rootless", "node plain", "containerd 2.0");

            ImageBuildStatus refused = guarded.awaitFinished("auto");
            assertThat(Objects.requireNonNull(refused.failure()).reason()).isEqualTo(FailureReason.WorkerUnsupported);
            assertThat(Workspace.condition(refused, "ProfileUnsupported").message())
                    .contains("containerd 2.0", "pod-security.kubernetes.io/enforce=privileged");
            assertThat(Workspace.platform(refused, AMD64).podName()).isNull();

            PlatformStatus elsewhere = Workspace.platform(guarded.awaitSucceeded("baseline"), AMD64);
            assertThat(elsewhere.profile()).isEqualTo(Profile.Baseline);
            assertThat(elsewhere.profileReason()).isNull();
            assertThat(elsewhere.profileMessage()).contains("node plain is avoided");
            assertThat(avoided(guarded.pods())).containsExactly(NODE);
        } finally {
            open.cluster().removeNode(NODE);
        }
    }

    /** Whoever runs the cluster lets no pod have the /proc that a profile asks for. */
    @Test
    @PodSecurity("privileged")
    void aPolicyThatMasksProc(Workspace workspace) {
        try (MaskedProc _ = MaskedProc.in(workspace)) {
            workspace.apply("auto", spec(workspace, "Auto", "mode: Native"));
            ImageBuildStatus built = workspace.awaitSucceeded("auto");

            PlatformStatus platform = Workspace.platform(built, AMD64);
            assertThat(platform.profile()).isEqualTo(Profile.Rootless);
            assertThat(platform.profileReason()).isEqualTo("ProcMasked");
            assertThat(platform.attempt()).isEqualTo(2);
            assertThat(platform.failedAttempts()).isNull();
            assertThat(built.refusals()).hasSize(1);
            assertThat(workspace.describe("auto")).contains("gives way to pod auto-1-linux-amd64-2");

            workspace.apply("next", spec(workspace, "Auto", "mode: Native"));
            PlatformStatus next = Workspace.platform(workspace.awaitSucceeded("next"), AMD64);
            assertThat(next.profile()).isEqualTo(Profile.Rootless);
            assertThat(next.attempt()).isEqualTo(1);

            workspace.apply("baseline", spec(workspace, "Baseline", "mode: Native"));
            ImageBuildStatus failed = workspace.awaitFinished("baseline");
            assertThat(Objects.requireNonNull(failed.failure()).reason()).isEqualTo(FailureReason.WorkerUnsupported);
            assertThat(Workspace.condition(failed, "ProfileUnsupported").message())
                    .contains("resets procMount");
        }

        workspace.requestRebuild("baseline", "without the policy");
        assertThat(Workspace.platform(workspace.awaitSucceeded("baseline", 2), AMD64)
                        .profile())
                .isEqualTo(Profile.Baseline);
    }

    private static List<String> avoided(List<Pod> pods) {
        return pods.stream()
                .filter(pod -> pod.getMetadata().getName().startsWith("baseline-"))
                .flatMap(pod -> pod
                        .getSpec()
                        .getAffinity()
                        .getNodeAffinity()
                        .getRequiredDuringSchedulingIgnoredDuringExecution()
                        .getNodeSelectorTerms()
                        .getFirst()
                        .getMatchExpressions()
                        .stream())
                .filter(requirement -> requirement.getOperator().equals("NotIn"))
                .map(NodeSelectorRequirement::getValues)
                .flatMap(List::stream)
                .toList();
    }

    private static String spec(Workspace workspace, String profile, String placement) {
        return """
                source: {inline: {files: {Dockerfile: "FROM debian:bookworm-slim\\nRUN uname -m > /arch\\n"}}}
                platforms: [linux/amd64]
                output: {image: %s}
                placement: {%s}
                worker: {profile: %s}
                cache: {mode: Disabled}
                """.formatted(workspace.repository("profiled"), placement, profile);
    }
}
