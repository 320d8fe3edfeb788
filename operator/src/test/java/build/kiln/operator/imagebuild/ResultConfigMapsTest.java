package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.status.BuildIdentity;
import build.kiln.operator.worker.PodWarning;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ResultConfigMapsTest {
    private static final PublishedResult RESULT = new PublishedResult(
            "registry.example.com/shop/api", Scenario.digest('e'), List.of("1.4.2", "latest"), Specs.COMMIT);

    private final StoredConfigMaps api = new StoredConfigMaps();
    private final ResultConfigMaps results = new ResultConfigMaps(api);
    private final ImageBuild build = build("uid-1");

    @Test
    void sayWhatWasPublished() {
        assertThat(results.write(build, RESULT)).isEmpty();

        assertThat(stored().getData())
                .containsOnly(
                        Map.entry("image", "registry.example.com/shop/api@" + Scenario.digest('e')),
                        Map.entry("repository", "registry.example.com/shop/api"),
                        Map.entry("digest", Scenario.digest('e')),
                        Map.entry("tags", "1.4.2,latest"),
                        Map.entry("commit", Specs.COMMIT));
        assertThat(stored().getMetadata().getOwnerReferences()).singleElement().satisfies(owner -> {
            assertThat(owner.getUid()).isEqualTo("uid-1");
            assertThat(owner.getController()).isTrue();
        });
    }

    @Test
    void areWrittenOnlyWhenTheySaySomethingElse() {
        results.write(build, RESULT);
        results.write(build, RESULT);
        assertThat(api.writes).isEqualTo(1);

        stored().getData().put("digest", "drifted");
        results.write(build, RESULT);

        assertThat(api.writes).isEqualTo(2);
        assertThat(stored().getData()).containsEntry("digest", Scenario.digest('e'));
    }

    @Test
    void ofSomebodyElseAreLeftAsTheyAre() {
        api.createConfigMap(new ConfigMapBuilder()
                .withNewMetadata()
                .withName("shop-api-image")
                .withNamespace("shop")
                .endMetadata()
                .addToData("mine", "yes")
                .build());

        Diagnosis problem = results.write(build, RESULT).orElseThrow();

        assertThat(problem.reason()).isEqualTo(FailureReason.ResultConfigMapConflict);
        assertThat(problem.isWorthWaiting()).isFalse();
        assertThat(problem.message()).contains("shop-api-image", "Delete it, or write another name");
        assertThat(stored().getData()).containsOnlyKeys("mine");
    }

    @Test
    void ofABuildOfTheSameNameThatWasDeletedAreSomebodyElses() {
        results.write(build("uid-0"), RESULT);

        assertThat(results.write(build, RESULT).map(Diagnosis::reason)).contains(FailureReason.ResultConfigMapConflict);
    }

    @Test
    void thatTheApiServerRefusesAreTriedAgain() {
        api.failure = new KubernetesClientException("exceeded quota: configmaps", 403, null);

        Diagnosis problem = results.write(build, RESULT).orElseThrow();

        assertThat(problem.reason()).isEqualTo(FailureReason.PublishFailed);
        assertThat(problem.isWorthWaiting()).isTrue();
        assertThat(problem.message()).contains("exceeded quota");
    }

    private ConfigMap stored() {
        return Objects.requireNonNull(api.stored.get("shop-api-image"));
    }

    private static ImageBuild build(String uid) {
        ImageBuild build = new ImageBuild();
        build.setMetadata(new ObjectMetaBuilder()
                .withName("shop-api")
                .withNamespace("shop")
                .withUid(uid)
                .withGeneration(1L)
                .build());
        build.setSpec(Specs.of(
                Specs.INLINE.replace("tags: [latest]", "tags: [latest], resultConfigMap: {name: shop-api-image}")));
        return build;
    }

    private static final class StoredConfigMaps implements ClusterApi {
        private final Map<String, ConfigMap> stored = new HashMap<>();
        private int writes;
        private @Nullable KubernetesClientException failure;

        @Override
        public Optional<ConfigMap> configMap(BuildIdentity build, String name) {
            return Optional.ofNullable(stored.get(name));
        }

        @Override
        public void createConfigMap(ConfigMap configMap) {
            if (failure != null) {
                throw failure;
            }
            writes++;
            stored.put(configMap.getMetadata().getName(), configMap);
        }

        @Override
        public void updateConfigMap(ConfigMap configMap) {
            createConfigMap(configMap);
        }

        @Override
        public ImageBuild updateStatus(ImageBuild build) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<ImageBuild> build(BuildIdentity build) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void deleteBuild(ImageBuild build) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Pod createPod(Pod pod) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<Pod> pod(BuildIdentity build, String name) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Map<String, List<PodWarning>> podWarnings(String namespace) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void deletePod(BuildIdentity build, String name) {
            throw new UnsupportedOperationException();
        }

        @Override
        public PersistentVolumeClaim createClaim(PersistentVolumeClaim claim) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<PersistentVolumeClaim> claim(BuildIdentity build, String name) {
            throw new UnsupportedOperationException();
        }

        @Override
        public PersistentVolumeClaim updateClaim(PersistentVolumeClaim claim) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void deleteClaim(PersistentVolumeClaim claim) {
            throw new UnsupportedOperationException();
        }
    }
}
