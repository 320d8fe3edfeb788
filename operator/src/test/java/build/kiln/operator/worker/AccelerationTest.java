package build.kiln.operator.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpecBuilder;
import build.kiln.api.v1alpha1.PlacementSettings;
import build.kiln.api.v1alpha1.PlacementSettings.Acceleration;
import build.kiln.api.v1alpha1.PlacementSettings.Mode;
import build.kiln.api.v1alpha1.PlacementSettings.OfPlatform;
import build.kiln.api.v1alpha1.PlacementSettingsBuilder;
import build.kiln.api.v1alpha1.PlacementSettingsOfPlatformBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.operator.config.InvalidConfigurationException;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.operator.placement.NodeView;
import build.kiln.operator.placement.Placement;
import build.kiln.operator.placement.PlacementPolicy;
import build.kiln.operator.placement.PlacementRequest;
import build.kiln.operator.testing.GoldenFile;
import build.kiln.operator.testing.TestNodes;
import build.kiln.protocol.BuildResult;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AccelerationTest {
    private static final List<NodeView> NODES = List.of(TestNodes.ready("n1", "amd64"));
    private static final String DEBIAN_12 = "registry.example.com/kiln/twins:debian-12-arm64";
    private static final String DEBIAN_13 = "registry.example.com/kiln/twins:debian-13-arm64";

    @Test
    void imagesOfTwinsAreMounted() {
        assertGolden("accelerated", "config-twins");
    }

    @Test
    void imagesOfTwinsAreCopiedWhereTheClusterCannotMountThem() {
        assertGolden("accelerated-by-copy", "config-twins-by-copy");
    }

    @Test
    void nothingIsPulledForANativePlatformOrWithoutAcceleration() {
        ImageBuild build = build("accelerated");
        assertThat(images(build, "linux/amd64")).isEmpty();
        assertThat(images(build, "linux/s390x")).isEmpty();
        assertThat(images(with(build, null), "linux/arm64")).isEmpty();
        assertThat(images(with(build, placement(Acceleration.Off, List.of())), "linux/arm64"))
                .isEmpty();
    }

    @Test
    void aPlatformGoesBeforeTheBuildAndTheBuildBeforeTheConfiguration() {
        ImageBuild build = build("accelerated");
        List<OfPlatform> off = List.of(only("linux/arm64", Acceleration.Off), only("linux/arm/v7", null));

        assertThat(images(build, "linux/arm64")).containsExactly(DEBIAN_12, DEBIAN_13);
        assertThat(images(with(build, placement(Acceleration.On, off)), "linux/arm64"))
                .isEmpty();
        assertThat(images(with(build, placement(Acceleration.On, off)), "linux/arm/v7"))
                .containsExactly("registry.example.com/kiln/twins:debian-12-arm");
        assertThat(images(with(build, placement(null, List.of(only("linux/arm64", Acceleration.On)))), "linux/arm64"))
                .containsExactly(DEBIAN_12, DEBIAN_13);
    }

    @Test
    void anImageOfTwinsThatCannotBePulledIsWhatThePodWaitsFor() {
        Pod pod = Serialization.unmarshal("""
                apiVersion: v1
                kind: Pod
                metadata: {name: api-3-linux-arm64-1, namespace: shop}
                status:
                  initContainerStatuses:
                  - {name: twins-copier, state: {terminated: {exitCode: 0}}}
                  - {name: twins-0, state: {waiting: {reason: ImagePullBackOff, message: no such image}}}
                  - {name: buildkitd, state: {waiting: {reason: PodInitializing}}}
                  containerStatuses:
                  - {name: worker, state: {waiting: {reason: PodInitializing}}}
                """, Pod.class);

        assertThat(new PodFacts(pod, List.of(), Instant.EPOCH).waiting())
                .hasValueSatisfying(waiting -> assertThat(waiting.getReason()).isEqualTo("ImagePullBackOff"));
    }

    @Test
    void whatAWorkerReportsIsBoundedAndEscaped() {
        BuildResult.Unmatched hostile = new BuildResult.Unmatched("/\u001b[31m\n" + "x".repeat(500), "zz\n", -4);

        PlatformStatus.@Nullable Acceleration shown =
                ReportedStarts.of(new BuildResult.Acceleration(-1, Long.MAX_VALUE, Collections.nCopies(100, hostile)));

        assertThat(shown).isNotNull().satisfies(starts -> {
            assertThat(starts.nativeStarts()).isZero();
            assertThat(starts.emulatedStarts()).isEqualTo(1_000_000_000_000L);
            assertThat(starts.unmatched()).hasSize(8).allSatisfy(one -> {
                assertThat(one.path()).startsWith("/\\x1b[31m\\x0a").hasSizeLessThanOrEqualTo(130);
                assertThat(one.buildId()).isNull();
                assertThat(one.starts()).isZero();
            });
        });
        assertThat(ReportedStarts.of(null)).isNull();
    }

    private static void assertGolden(String name, String configuration) {
        Pod pod = assertThat(new WorkerPodFactory(configuration(configuration))
                        .create(build(name), assignment("linux/arm64"), BuildCredentials.none()))
                .asInstanceOf(type(DesiredPod.Ready.class))
                .actual()
                .pod();
        GoldenFile.of("worker/pods/" + name + "/pod.yaml").assertEqual(Serialization.asYaml(pod));
    }

    private static List<String> images(ImageBuild build, String platform) {
        return TwinImages.of(configuration("config-twins").worker(), build.getSpec(), assignment(platform));
    }

    private static ImageBuild with(ImageBuild build, @Nullable PlacementSettings placement) {
        ImageBuild changed = build("accelerated");
        changed.setSpec(ImageBuildSpecBuilder.builder(build.getSpec())
                .placement(placement)
                .build());
        return changed;
    }

    private static PlacementSettings placement(@Nullable Acceleration acceleration, List<OfPlatform> platforms) {
        return PlacementSettingsBuilder.builder()
                .acceleration(acceleration)
                .platforms(platforms)
                .build();
    }

    private static OfPlatform only(String platform, @Nullable Acceleration acceleration) {
        return PlacementSettingsOfPlatformBuilder.builder()
                .platform(platform)
                .acceleration(acceleration)
                .build();
    }

    private static WorkerAssignment assignment(String platform) {
        Placement placement = (Placement) new PlacementPolicy(Duration.ofMinutes(10))
                .place(new PlacementRequest(platform, Mode.Auto, Map.of(), List.of(), Map.of(), null, null), NODES);
        return new WorkerAssignment(
                3, platform, 1, "4f2c1ab0000000000000000000000000000000ff", placement, null, null, List.of());
    }

    private static ImageBuild build(String name) {
        return Serialization.unmarshal(
                GoldenFile.of("worker/pods/" + name + "/imagebuild.yaml").read(), ImageBuild.class);
    }

    private static OperatorConfiguration configuration(String name) {
        try {
            return OperatorConfiguration.load(
                    GoldenFile.of("worker/" + name + ".yaml").path());
        } catch (InvalidConfigurationException e) {
            throw new AssertionError(e);
        }
    }
}
