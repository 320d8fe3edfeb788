package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.testing.ControlPlane;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Cache volumes, against a real API server. */
class CacheVolumesIT extends LiveOperator {
    private static final String WITH_VOLUME = INLINE + "  cache: {volume: {size: 1Gi}}\n";

    CacheVolumesIT(ControlPlane.Access access) {
        super(access);
    }

    @Test
    void eachPlatformHasAVolumeThatGoesWithTheObjectOrStays() throws Exception {
        start();
        apply(WITH_VOLUME);
        List<Pod> pods = awaitPods(2);

        assertThat(claims())
                .extracting(claim -> claim.getMetadata().getName())
                .containsExactly("hello-cache-linux-amd64", "hello-cache-linux-arm64");
        assertThat(pods)
                .extracting(pod -> pod.getSpec().getVolumes().getFirst().getPersistentVolumeClaim())
                .extracting(volume -> volume.getClaimName())
                .containsExactly("hello-cache-linux-amd64", "hello-cache-linux-arm64");
        assertThat(claims())
                .allSatisfy(claim -> assertThat(claim.getMetadata().getOwnerReferences())
                        .extracting(OwnerReference::getUid)
                        .containsExactly(build().require().getMetadata().getUid()));

        apply(WITH_VOLUME.replace("1Gi", "1Gi, retention: Retain"));
        await("volumes that stay")
                .atMost(LONGEST)
                .until(
                        this::claims,
                        claims -> claims.stream()
                                .allMatch(claim ->
                                        claim.getMetadata().getOwnerReferences().isEmpty()));
    }

    @Test
    void onRequestTheNextRunStartsWithOtherVolumes() throws Exception {
        start();
        apply(WITH_VOLUME);
        awaitPods(2).forEach(pod -> {
            kubelet.start(pod);
            kubelet.succeed(pod, pushed());
        });
        awaitPhase(Run.Phase.Succeeded);
        List<String> first = uidsOfClaims();

        annotate(ImageBuild.EMPTY_CACHE_ANNOTATION, "once");
        awaitStatus(
                "the request is handled", () -> "once".equals(status().lastHandledEmptyCacheAt()) ? status() : null);
        annotate(ImageBuild.REBUILD_ANNOTATION, "once");
        awaitStatus("a second run", () -> run().number() == 2 ? status() : null);

        await("other volumes")
                .atMost(LONGEST)
                .untilAsserted(() -> assertThat(uidsOfClaims()).hasSize(2).doesNotContainAnyElementsOf(first));
    }

    @Test
    void aQuotaWithoutRoomForAVolumeLetsTheRunWait() throws Exception {
        ResourceQuota quota = client.resource(new ResourceQuotaBuilder()
                        .withNewMetadata()
                        .withName("no-volumes")
                        .withNamespace(namespace)
                        .endMetadata()
                        .withNewSpec()
                        .withHard(Map.of("persistentvolumeclaims", new Quantity("0")))
                        .endSpec()
                        .build())
                .create();
        await("the quota counts")
                .atMost(LONGEST)
                .until(() ->
                        !client.resource(quota).require().getStatus().getHard().isEmpty());
        start();
        apply(WITH_VOLUME);

        awaitStatus("the refusal", () -> {
            Run run = status().run();
            return run == null || run.message() == null ? null : status();
        });
        assertThat(run().message()).contains("PersistentVolumeClaim", "exceeded quota", "spec.cache.volume.size");
        assertThat(run().phase()).isEqualTo(Run.Phase.Building);
        assertThat(pods()).isEmpty();

        client.resource(quota).delete();
        awaitPods(2);
    }

    private List<String> uidsOfClaims() {
        return claims().stream().map(claim -> claim.getMetadata().getUid()).toList();
    }

    /** Those that are not being deleted, by name. */
    private List<PersistentVolumeClaim> claims() {
        return client.persistentVolumeClaims().inNamespace(namespace).list().getItems().stream()
                .filter(claim -> claim.getMetadata().getDeletionTimestamp() == null)
                .toList();
    }
}
