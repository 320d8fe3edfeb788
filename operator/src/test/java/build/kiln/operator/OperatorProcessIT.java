package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.testing.ControlPlane;
import build.kiln.operator.testing.RecordedServices;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A build's life, and what the operator does around it. */
class OperatorProcessIT extends LiveOperator {
    OperatorProcessIT(ControlPlane.Access access) {
        super(access);
    }

    @Test
    void buildsEveryPlatformOnceAndPublishes() throws Exception {
        start();
        apply(GIT);

        List<Pod> pods = awaitPods(2);
        assertThat(pods)
                .extracting(pod -> pod.getMetadata().getName())
                .containsExactly("hello-1-linux-amd64-1", "hello-1-linux-arm64-1");
        pods.forEach(kubelet::start);
        awaitReason("Building");
        pods.forEach(pod -> kubelet.succeed(pod, pushed()));
        ImageBuildStatus status = awaitPhase(Run.Phase.Succeeded);

        assertThat(status.image()).isEqualTo("registry.example.com/demo/hello@" + RecordedServices.DIGEST);
        assertThat(status.tags()).containsExactly("v1");
        assertThat(condition("Ready").status()).isEqualTo(Condition.Status.True);
        assertThat(condition("Finished").reason()).isEqualTo("Succeeded");
        assertThat(summary().platforms()).isEqualTo("2/2");
        assertThat(summary().revision()).isEqualTo("0123456");
        assertThat(services.resolved()).hasSize(1);
        assertThat(services.published()).hasSize(1);
        awaitEvents("RunStarted", "RevisionResolved", "WorkerCreated", "PlatformSucceeded", "RunSucceeded");
    }

    @Test
    void goesOnAfterARestartWithoutCreatingAnythingTwice() throws Exception {
        OperatorProcess first = start();
        apply(GIT);
        List<Pod> pods = awaitPods(2);
        pods.forEach(kubelet::start);
        awaitReason("Building");
        first.close();
        kubelet.succeed(pods.getFirst(), pushed());

        start();
        await("the platform that ended while no operator ran")
                .atMost(LONGEST)
                .until(() -> "1/2".equals(summary().platforms()));
        kubelet.succeed(pods.getLast(), pushed());
        awaitPhase(Run.Phase.Succeeded);

        assertThat(run().number()).isEqualTo(1);
        assertThat(pods()).extracting(OperatorProcessIT::uid).containsExactlyElementsOf(uids(pods));
        assertThat(services.resolved()).hasSize(1);
        assertThat(services.published()).hasSize(1);
    }

    @Test
    void explainsAFailureAfterThePodsAreGone() throws Exception {
        start();
        apply(INLINE);
        List<Pod> pods = awaitPods(2);
        pods.forEach(kubelet::start);
        awaitReason("Building");

        kubelet.fail(pods.getLast());
        awaitPhase(Run.Phase.Failed);
        await("the other platform's pod is deleted").atMost(LONGEST).until(() -> pods().size() == 1);
        client.pods().inNamespace(namespace).delete();

        assertThat(condition("Ready").status()).isEqualTo(Condition.Status.False);
        assertThat(condition("Stalled").reason()).isEqualTo("BuildFailed");
        assertThat(condition("Stalled").message())
                .contains("linux/arm64", "Dockerfile:3")
                .contains("kubectl logs -n " + namespace + " hello-1-linux-arm64-1 -c worker");
        assertThat(failure().exitCode()).isEqualTo(7);
        assertThat(failure().logTail()).isEqualTo("one\ntwo");
        assertThat(services.published()).isEmpty();
        awaitEvents("PlatformFailed", "PlatformCancelled", "RunFailed");
    }

    @Test
    void triesAgainInANewPodAfterAnEviction() throws Exception {
        start();
        apply(INLINE);
        List<Pod> pods = awaitPods(2);
        pods.forEach(kubelet::start);

        kubelet.evict(pods.getFirst());
        List<Pod> withRetry = awaitPods(3);

        assertThat(withRetry)
                .extracting(pod -> pod.getMetadata().getName())
                .containsExactly("hello-1-linux-amd64-1", "hello-1-linux-amd64-2", "hello-1-linux-arm64-1");
        awaitEvents("PlatformRetrying");
    }

    @Test
    void runsOncePerRebuildRequest() throws Exception {
        start();
        apply(INLINE);
        awaitPods(2).forEach(pod -> kubelet.succeed(pod, pushed()));
        awaitPhase(Run.Phase.Succeeded);

        annotate(ImageBuild.REBUILD_ANNOTATION, "now");
        await("the second run").atMost(LONGEST).until(() -> run().number() == 2);
        await("the pods of the second run only")
                .atMost(LONGEST)
                .until(() -> pods().size() == 2
                        && pods().stream()
                                .allMatch(pod -> pod.getMetadata().getName().startsWith("hello-2-")));
        pods().forEach(pod -> kubelet.succeed(pod, pushed()));
        ImageBuildStatus status = awaitPhase(Run.Phase.Succeeded);

        assertThat(run().cause()).isEqualTo(Run.Cause.Requested);
        assertThat(status.lastHandledRebuildAt()).isEqualTo("now");
        assertThat(services.published()).hasSize(2);
    }

    @Test
    void replacesARunWhoseInputsChange() throws Exception {
        start();
        apply(INLINE);
        awaitPods(2);

        apply(INLINE.replace("FROM scratch", "FROM busybox"));

        await("the pods of the second run only")
                .atMost(LONGEST)
                .until(() -> pods().size() == 2
                        && pods().stream()
                                .allMatch(pod -> pod.getMetadata().getName().startsWith("hello-2-")));
        assertThat(run().cause()).isEqualTo(Run.Cause.InputsChanged);
    }

    @Test
    void movesTagsWithoutABuild() throws Exception {
        start();
        apply(INLINE);
        awaitPods(2).forEach(pod -> kubelet.succeed(pod, pushed()));
        awaitPhase(Run.Phase.Succeeded);

        apply(INLINE.replace("[v1]", "[v1, v2]"));
        await("the second tag").atMost(LONGEST).until(() -> List.of("v1", "v2").equals(status().tags()));

        assertThat(run().number()).isEqualTo(1);
        assertThat(condition("Ready").observedGeneration()).isEqualTo(2);
    }

    @Test
    void leavesNoPodsBehindWhenABuildIsDeleted() throws Exception {
        start();
        apply(INLINE);
        awaitPods(2);

        build().delete();

        await("no pods").atMost(LONGEST).until(() -> pods().isEmpty());
    }

    @Test
    void namesThePolicyThatRefusesThePods() throws Exception {
        namespace = createNamespace(Map.of("pod-security.kubernetes.io/enforce", "restricted"));
        start();
        apply(INLINE);

        awaitPhase(Run.Phase.Failed);

        assertThat(condition("Stalled").reason()).isEqualTo("PodRejected");
        assertThat(condition("Stalled").message()).contains("PodSecurity", "restricted");
    }

    @Test
    void namesTheSecretThatIsMissing() throws Exception {
        start();
        apply(INLINE + "  registryCredentials: [{name: push}]\n");

        awaitPhase(Run.Phase.Failed);

        assertThat(condition("Stalled").reason()).isEqualTo("MissingSecret");
        assertThat(condition("Stalled").message()).contains("push");
        assertThat(pods()).isEmpty();
    }

    @Test
    void handsOverToAnotherReplicaAtOnce() throws Exception {
        Replica one = new Replica(namespace, "kiln-operator", "one");
        Replica two = new Replica(namespace, "kiln-operator", "two");
        OperatorProcess active = start(Optional.of(one));
        await("the lease of one").atMost(LONGEST).until(() -> "one".equals(holder()));
        start(Optional.of(two));
        apply(INLINE);
        awaitPods(2);

        active.close();
        await("the lease of two").atMost(Duration.ofSeconds(10)).until(() -> "two".equals(holder()));
        pods().forEach(pod -> kubelet.succeed(pod, pushed()));

        awaitPhase(Run.Phase.Succeeded);
        assertThat(services.published()).hasSize(1);
    }

    /** For some seconds there can be two active replicas: one that has lost its lease and does not know it yet. */
    @Test
    void doesNothingTwiceEvenWhenTwoReplicasAreActive() throws Exception {
        start();
        start();
        apply(GIT);

        awaitPods(2).forEach(kubelet::start);
        awaitReason("Building");
        kubelet.evict(pods().getFirst());
        List<Pod> pods = awaitPods(3);
        kubelet.succeed(pods.get(1), pushed());
        kubelet.succeed(pods.get(2), pushed());
        awaitPhase(Run.Phase.Succeeded);

        assertThat(run().number()).isEqualTo(1);
        assertThat(pods()).extracting(OperatorProcessIT::uid).containsExactlyElementsOf(uids(pods));
        assertThat(eventsOf("RunStarted")).hasSize(1);
        assertThat(eventsOf("RunSucceeded")).hasSizeBetween(0, 1);
    }

    @Test
    void answersProbesAndScrapes() throws Exception {
        OperatorProcess operator = start();
        apply(INLINE);
        awaitPods(2).forEach(pod -> kubelet.succeed(pod, pushed()));
        awaitPhase(Run.Phase.Succeeded);

        assertThat(get(operator, "/livez")).isEqualTo("ok\n");
        assertThat(get(operator, "/readyz")).isEqualTo("ok\n");
        assertThat(get(operator, "/metrics"))
                .contains("kiln_runs_total{cause=\"Initial\",reason=\"\",result=\"Succeeded\"} 1.0")
                .contains(
                        "kiln_platform_builds_total{mode=\"Native\",modeReason=\"NoOtherNode\",platform=\"linux/arm64\"")
                .contains("kiln_builds_running 0.0")
                .doesNotContain(namespace);
    }

    private @Nullable String holder() {
        var lease =
                client.leases().inNamespace(namespace).withName("kiln-operator").get();
        return lease == null ? null : lease.getSpec().getHolderIdentity();
    }

    private static String get(OperatorProcess operator, String path) throws IOException {
        Request request = new Request.Builder()
                .url("http://localhost:" + operator.port() + path)
                .build();
        try (Response response = new OkHttpClient().newCall(request).execute()) {
            return response.body().string();
        }
    }
}
