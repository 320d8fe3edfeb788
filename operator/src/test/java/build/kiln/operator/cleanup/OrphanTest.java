package build.kiln.operator.cleanup;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.RunBuilder;
import build.kiln.operator.worker.WorkerLabels;
import build.kiln.operator.worker.WorkerPodName;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OrphanTest {
    private static final String LONG = "a-name-of-a-build-that-is-much-too-long-for-a-label-of-a-pod-in-kubernetes";

    @Test
    void aPodOfABuildThatIsThereIsNone() {
        assertThat(Orphan.among(List.of(pod("api", "u1", 2)), List.of(build("api", "u1", 2))))
                .isEmpty();
    }

    @Test
    void aPodOfABuildThatIsGone() {
        assertThat(reason(pod("api", "u1", 2))).containsExactly(Orphan.Reason.OwnerGone);
    }

    @Test
    void aPodOfABuildWithALongNameThatIsGone() {
        assertThat(reason(pod(LONG, "u1", 2))).containsExactly(Orphan.Reason.OwnerGone);
    }

    @Test
    void aPodThatWasKeptWhenItsBuildWasDeleted() {
        Pod kept = edited(pod("api", "u1", 2), pod -> pod.getMetadata().setOwnerReferences(List.of()));

        assertThat(reason(kept)).containsExactly(Orphan.Reason.OwnerGone);
        assertThat(reason(kept, build("api", "u1", 2))).isEmpty();
    }

    @Test
    void aPodOfABuildThatWasCreatedAnew() {
        assertThat(reason(pod("api", "u1", 2), build("api", "u2", 2))).containsExactly(Orphan.Reason.OwnerReplaced);
    }

    @Test
    void aPodOfAnotherRun() {
        assertThat(reason(pod("api", "u1", 2), build("api", "u1", 3))).containsExactly(Orphan.Reason.UnknownRun);
    }

    @Test
    void aPodOfABuildWithoutAStatusIsNone() {
        ImageBuild fresh = build("api", "u1", 2);
        fresh.setStatus(null);

        assertThat(reason(pod("api", "u1", 2), fresh)).isEmpty();
    }

    @Test
    void aBuildOfTheSameNameElsewhereDoesNotCount() {
        ImageBuild elsewhere = build("api", "u1", 2);
        elsewhere.getMetadata().setNamespace("bank");

        assertThat(reason(pod("api", "u1", 2), elsewhere)).containsExactly(Orphan.Reason.OwnerGone);
    }

    @Test
    void aPodThatIsBeingDeletedIsLeftToThat() {
        assertThat(reason(edited(
                        pod("api", "u1", 2), pod -> pod.getMetadata().setDeletionTimestamp("2026-11-23T10:00:00Z"))))
                .isEmpty();
    }

    /** None of these is Kiln's to delete, although there is no build at all. */
    @ParameterizedTest
    @MethodSource("lookAlikes")
    void whatOnlyLooksLikeAWorkerPodIsLeftAlone(String what, Consumer<Pod> difference) {
        assertThat(reason(edited(pod("api", "u1", 2), difference))).as(what).isEmpty();
    }

    static List<Object[]> lookAlikes() {
        return List.of(
                lookAlike("another name", pod -> pod.getMetadata().setName("debug")),
                lookAlike(
                        "another attempt in the name", pod -> pod.getMetadata().setName("api-2-linux-arm64-2")),
                lookAlike("no labels", pod -> pod.getMetadata().setLabels(Map.of())),
                lookAlike(
                        "a label missing", pod -> pod.getMetadata().getLabels().remove(WorkerLabels.RUN)),
                lookAlike("a label of somebody else", pod -> label(pod, "app.kubernetes.io/managed-by", "Helm")),
                lookAlike("another build's label", pod -> label(pod, WorkerLabels.BUILD, "web")),
                lookAlike("a run that is no number", pod -> label(pod, WorkerLabels.RUN, "two")),
                lookAlike("another owner", pod -> owner(pod).setKind("Job")),
                lookAlike("an owner of another group", pod -> owner(pod).setApiVersion("builds.example.com/v1")),
                lookAlike("an owner that is no controller", pod -> owner(pod).setController(null)),
                lookAlike("an owner of another name", pod -> owner(pod).setName("web")),
                lookAlike("no owner, and no annotation that names one", pod -> {
                    pod.getMetadata().setOwnerReferences(List.of());
                    pod.getMetadata().setAnnotations(Map.of());
                }));
    }

    private static Object[] lookAlike(String what, Consumer<Pod> difference) {
        return new Object[] {what, difference};
    }

    private static void label(Pod pod, String name, String value) {
        pod.getMetadata().getLabels().put(name, value);
    }

    private static OwnerReference owner(Pod pod) {
        return pod.getMetadata().getOwnerReferences().getFirst();
    }

    private static List<Orphan.Reason> reason(Pod pod, ImageBuild... builds) {
        return Orphan.among(List.of(pod), List.of(builds)).stream()
                .map(Orphan::reason)
                .toList();
    }

    private static Pod edited(Pod pod, Consumer<Pod> edit) {
        edit.accept(pod);
        return pod;
    }

    private static Pod pod(String build, String uid, int run) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName(WorkerPodName.of(build, run, "linux/arm64", 1))
                .withLabels(WorkerLabels.of(build, run, "linux/arm64", 1))
                .withAnnotations(Map.of(WorkerLabels.OWNER_NAME, build, WorkerLabels.OWNER_UID, uid))
                .addNewOwnerReference()
                .withApiVersion("kiln.build/v1alpha1")
                .withKind("ImageBuild")
                .withName(build)
                .withUid(uid)
                .withController(true)
                .endOwnerReference()
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .build();
    }

    private static ImageBuild build(String name, String uid, int run) {
        ImageBuild build = new ImageBuild();
        build.setMetadata(new ObjectMetaBuilder()
                .withNamespace("shop")
                .withName(name)
                .withUid(uid)
                .build());
        build.setStatus(ImageBuildStatusBuilder.builder()
                .run(RunBuilder.builder().number(run).build())
                .build());
        return build;
    }
}
