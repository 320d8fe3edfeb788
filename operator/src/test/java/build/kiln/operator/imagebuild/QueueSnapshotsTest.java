package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.PlatformStatusBuilder;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.api.v1alpha1.RunBuilder;
import build.kiln.operator.admission.AdmissionSnapshot;
import build.kiln.operator.admission.PlatformKey;
import build.kiln.operator.admission.RunningPlatform;
import build.kiln.operator.admission.WaitingPlatform;
import build.kiln.operator.config.OperatorConfiguration.Admission;
import build.kiln.operator.worker.WorkerLabels;
import build.kiln.operator.worker.WorkerPodName;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class QueueSnapshotsTest {
    private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
    private static final String AMD64 = "linux/amd64";
    private static final String ARM64 = "linux/arm64";

    private final Live live = new Live();

    @Test
    void platformsWithoutPodsWait() {
        live.builds.add(build("api", Phase.Building, Specs.INLINE + "worker: {priorityClassName: releases}"));

        assertThat(snapshot().waiting())
                .containsExactlyInAnyOrder(
                        new WaitingPlatform(key("api", AMD64), "api", AMD64, 7, NOW.minusSeconds(60)),
                        new WaitingPlatform(key("api", ARM64), "api", ARM64, 7, NOW.minusSeconds(60)));
    }

    @Test
    void platformsWithPodsBuild() {
        live.builds.add(build("api", Phase.Building, Specs.INLINE));
        live.pods.add(pod("api", AMD64));

        assertThat(snapshot().running()).containsExactly(new RunningPlatform(key("api", AMD64), AMD64, false));
        assertThat(snapshot().waiting()).extracting(WaitingPlatform::platform).containsExactly(ARM64);
    }

    @Test
    void podsThatHaveEndedTakeNoSlotAndAreNotWantedAgain() {
        live.builds.add(build("api", Phase.Building, Specs.INLINE));
        Pod ended = pod("api", AMD64);
        ended.getStatus().setPhase("Failed");
        live.pods.add(ended);

        assertThat(snapshot().running()).isEmpty();
        assertThat(snapshot().waiting()).extracting(WaitingPlatform::platform).containsExactly(ARM64);
    }

    @Test
    void podsThatAreBeingDeletedTakeTheirSlotUntilTheyAreGone() {
        live.builds.add(build("api", Phase.Failed, Specs.INLINE));
        Pod deleted = pod("api", AMD64);
        deleted.getMetadata().setDeletionTimestamp(NOW.toString());
        live.pods.add(deleted);

        assertThat(snapshot().running()).hasSize(1);
    }

    @Test
    void podsOnALostNodeTakeNoSlotAlthoughTheyMayStayThereForEver() {
        live.builds.add(build("api", Phase.Building, Specs.INLINE));
        Pod lost = new PodBuilder(pod("api", AMD64))
                .editStatus()
                .addNewCondition()
                .withType("DisruptionTarget")
                .withStatus("True")
                .withReason("DeletionByTaintManager")
                .endCondition()
                .endStatus()
                .build();
        lost.getMetadata().setDeletionTimestamp(NOW.toString());
        live.pods.add(lost);

        assertThat(snapshot().running()).isEmpty();
        assertThat(snapshot().waiting()).extracting(WaitingPlatform::platform).containsExactly(ARM64);
    }

    @Test
    void podsThatSomebodyHoldsBackTakeNoSlot() {
        live.builds.add(build("api", Phase.Building, Specs.INLINE));
        live.pods.add(new PodBuilder(pod("api", AMD64))
                .editSpec()
                .addNewSchedulingGate("kueue.x-k8s.io/admission")
                .endSpec()
                .build());

        assertThat(snapshot().running()).isEmpty();
        assertThat(snapshot().held()).hasSize(1);
        assertThat(snapshot().waiting()).hasSize(1);
    }

    @Test
    void podsThatOnlyLookLikeOursTakeNoSlot() {
        live.builds.add(build("api", Phase.Building, Specs.INLINE));
        Pod withoutOwner = pod("api", AMD64);
        withoutOwner.getMetadata().setOwnerReferences(List.of());
        Pod ofAnother = pod("api", AMD64);
        ofAnother.getMetadata().getOwnerReferences().getFirst().setUid("another");
        Pod renamed = pod("api", AMD64);
        renamed.getMetadata().setName("debug");
        live.pods.addAll(List.of(withoutOwner, ofAnother, renamed));

        assertThat(snapshot().running()).isEmpty();
        assertThat(snapshot().waiting()).hasSize(2);
    }

    @Test
    void aRunThatPausesBeforeItsNextTryHoldsUpNobody() {
        ImageBuild paused = build("api", Phase.Building, Specs.INLINE);
        paused.setStatus(ImageBuildStatusBuilder.builder(Objects.requireNonNull(paused.getStatus()))
                .run(RunBuilder.builder(
                                Objects.requireNonNull(paused.getStatus().run()))
                        .nextTryTime(NOW.plusSeconds(1).toString())
                        .build())
                .build());
        live.builds.add(paused);

        assertThat(snapshot().waiting()).isEmpty();
    }

    @Test
    void onlyRunsThatBuildWait() {
        live.builds.add(build("resolving", Phase.Resolving, Specs.INLINE));
        live.builds.add(build("failed", Phase.Failed, Specs.INLINE));
        ImageBuild deleted = build("deleted", Phase.Building, Specs.INLINE);
        deleted.getMetadata().setDeletionTimestamp(NOW.toString());
        live.builds.add(deleted);
        ImageBuild fresh = build("fresh", Phase.Building, Specs.INLINE);
        fresh.setStatus(null);
        live.builds.add(fresh);

        assertThat(snapshot().waiting()).isEmpty();
    }

    @Test
    void theLastPodTellsWhetherSomebodyWentOutOfTurn() {
        live.builds.add(build("api", Phase.Building, Specs.INLINE));
        live.builds.add(build("web", Phase.Building, Specs.INLINE));
        Pod earlier = pod("api", AMD64);
        earlier.getMetadata().setCreationTimestamp(NOW.minusSeconds(50).toString());
        earlier.getMetadata().setAnnotations(Map.of(QueueSnapshots.OUT_OF_TURN, "true"));
        live.pods.add(earlier);
        assertThat(snapshot().lastOutOfTurn()).isTrue();
        assertThat(snapshot().running()).allMatch(RunningPlatform::outOfTurn);

        Pod later = pod("web", AMD64);
        later.getMetadata().setCreationTimestamp(NOW.minusSeconds(40).toString());
        live.pods.add(later);

        assertThat(snapshot().lastOutOfTurn()).isFalse();
    }

    private AdmissionSnapshot snapshot() {
        return new QueueSnapshots(new Admission(4, null, Map.of(), 1800)).of(live, NOW);
    }

    private static PlatformKey key(String build, String platform) {
        return new PlatformKey("shop", WorkerPodName.of(build, 1, platform, 1));
    }

    private static ImageBuild build(String name, Phase phase, String spec) {
        ImageBuild build = new ImageBuild();
        build.setMetadata(new ObjectMetaBuilder()
                .withNamespace("shop")
                .withName(name)
                .withUid("uid-" + name)
                .build());
        build.setSpec(Specs.of(spec));
        build.setStatus(ImageBuildStatusBuilder.builder()
                .run(RunBuilder.builder()
                        .number(1)
                        .phase(phase)
                        .specHash(InputHash.of(build.getSpec()))
                        .startTime(NOW.minusSeconds(60).toString())
                        .build())
                .platforms(List.of(pending(name, AMD64), pending(name, ARM64)))
                .build());
        return build;
    }

    private static PlatformStatus pending(String build, String platform) {
        return PlatformStatusBuilder.builder()
                .platform(platform)
                .state(State.Pending)
                .attempt(1)
                .podName(WorkerPodName.of(build, 1, platform, 1))
                .build();
    }

    private static Pod pod(String build, String platform) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName(WorkerPodName.of(build, 1, platform, 1))
                .withLabels(WorkerLabels.of(build, 1, platform, 1))
                .addNewOwnerReference()
                .withKind("ImageBuild")
                .withName(build)
                .withUid("uid-" + build)
                .withController(true)
                .endOwnerReference()
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .withNewStatus()
                .withPhase("Running")
                .endStatus()
                .build();
    }

    private static final class Live implements QueueCache {
        private final List<ImageBuild> builds = new ArrayList<>();
        private final List<Pod> pods = new ArrayList<>();

        @Override
        public Collection<ImageBuild> builds() {
            return builds;
        }

        @Override
        public Collection<Pod> workerPods() {
            return pods;
        }

        @Override
        public Map<String, Integer> namespaceLimits() {
            return Map.of();
        }

        @Override
        public int priority(@Nullable String priorityClassName) {
            return "releases".equals(priorityClassName) ? 7 : 0;
        }
    }
}
