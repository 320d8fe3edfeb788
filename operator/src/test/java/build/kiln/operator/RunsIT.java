package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.HistoryEntry;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.testing.ControlPlane;
import build.kiln.operator.testing.RecordedServices;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What users ask for while a build lives, against a real API server. */
class RunsIT extends LiveOperator {
    RunsIT(ControlPlane.Access access) {
        super(access);
    }

    @Test
    void tellsOtherToolsOfTheImageAndOfNewTags() throws Exception {
        start();
        String told = INLINE.replace("tags: [v1]", "tags: [v1], resultConfigMap: {name: hello-image}");
        apply(told);
        succeed();

        assertThat(result().getData())
                .containsEntry("image", "registry.example.com/demo/hello@" + RecordedServices.DIGEST)
                .containsEntry("tags", "v1");

        apply(told.replace("tags: [v1]", "tags: [v2]"));
        await("new tags")
                .atMost(LONGEST)
                .until(() -> "v2".equals(result().getData().get("tags")));
        awaitPhase(Run.Phase.Succeeded);
        assertThat(run().number()).isEqualTo(1);
    }

    @Test
    void cancelsOnRequestAndStartsAgainOnRequest() throws Exception {
        start();
        apply(INLINE);
        awaitPods(2).forEach(kubelet::start);
        awaitReason("Building");

        annotate(ImageBuild.CANCEL_ANNOTATION, "1");
        awaitPhase(Run.Phase.Cancelled);
        awaitPods(0);
        assertThat(condition("Stalled").reason()).isEqualTo("Cancelled");

        annotate(ImageBuild.REBUILD_ANNOTATION, "1");
        awaitPods(2);
        assertThat(run().number()).isEqualTo(2);
        assertThat(Objects.requireNonNull(status().history()))
                .extracting(HistoryEntry::result)
                .containsExactly(HistoryEntry.Result.Cancelled);
    }

    @Test
    void finishesAQueuedRunWithTheSpecItWasStartedWith() throws Exception {
        start();
        String queued = INLINE + "  concurrencyPolicy: Queue\n";
        apply(queued);
        List<Pod> pods = awaitPods(2);

        apply(queued.replace("scratch", "busybox").replace("[v1]", "[v2]"));
        awaitStatus(
                "the newer generation is seen",
                () -> Objects.equals(status().observedGeneration(), 2L) ? status() : null);
        assertThat(run().number()).isEqualTo(1);
        assertThat(condition("Ready").status()).isEqualTo(Condition.Status.Unknown);

        pods.forEach(kubelet::start);
        pods.forEach(pod -> kubelet.succeed(pod, pushed()));
        awaitStatus("the second run", () -> run().number() == 2 ? status() : null);
        assertThat(status().tags()).containsExactly("v1");
    }

    @Test
    void deletesWhatHasLivedLongEnough() throws Exception {
        start();
        apply(INLINE + "  ttlSecondsAfterFinished: 0\n");

        List<Pod> pods = awaitPods(2);
        pods.forEach(kubelet::start);
        pods.forEach(pod -> kubelet.succeed(pod, pushed()));

        await("the object is gone").atMost(LONGEST).until(() -> build().get() == null);
    }

    @Test
    void startsNothingWhileSuspended() throws Exception {
        start();
        apply(INLINE + "  suspend: true\n");
        awaitStatus("a first look", () -> status().conditions() == null ? null : status());
        assertThat(condition("Ready").reason()).isEqualTo("Suspended");
        assertThat(pods()).isEmpty();

        apply(INLINE + "  suspend: false\n");
        awaitPods(2);
    }

    @Test
    void sameManifestAndAnotherOperatorStartNothing() throws Exception {
        OperatorProcess first = start();
        apply(INLINE);
        succeed();
        apply(INLINE);
        apply(INLINE.replace("spec:", "spec:\n  timeoutSeconds: 7200\n  worker: {resources: {requests: {cpu: 200m}}}"));
        first.close();
        start();

        annotate(ImageBuild.REBUILD_ANNOTATION, "only this one");
        awaitStatus("the requested run", () -> run().cause() == Run.Cause.Requested ? status() : null);

        assertThat(run().number()).as("runs, the first and the requested one").isEqualTo(2);
    }

    @Test
    void objectsWithGeneratedNamesAreBuilt() throws Exception {
        start();
        String prefix = "a-name-as-long-as-ci-systems-make-them-of-branch-and-commit-";
        for (int object = 0; object < 2; object++) {
            ImageBuild build = client.getKubernetesSerialization()
                    .unmarshal(INLINE.replace("{name: hello}", "{generateName: " + prefix + "}"), ImageBuild.class);
            build.getMetadata().setNamespace(namespace);
            client.resource(build).create();
        }

        awaitPods(4).forEach(kubelet::start);
        pods().forEach(pod -> kubelet.succeed(pod, pushed()));

        await("both succeed")
                .atMost(LONGEST)
                .until(() -> client.resources(ImageBuild.class).inNamespace(namespace).list().getItems().stream()
                        .allMatch(build -> build.getStatus().image() != null));
        assertThat(pods())
                .allSatisfy(
                        pod -> assertThat(pod.getMetadata().getName().length()).isLessThanOrEqualTo(63));
    }

    private void succeed() {
        List<Pod> pods = awaitPods(2);
        pods.forEach(kubelet::start);
        pods.forEach(pod -> kubelet.succeed(pod, pushed()));
        awaitPhase(Run.Phase.Succeeded);
    }

    private ConfigMap result() {
        return client.configMaps()
                .inNamespace(namespace)
                .withName("hello-image")
                .require();
    }
}
