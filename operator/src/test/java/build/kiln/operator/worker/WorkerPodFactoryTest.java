package build.kiln.operator.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import build.kiln.api.v1alpha1.CacheVolume;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.PlacementSettings.Mode;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.api.v1alpha1.WorkerSettings;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.operator.placement.NodeView;
import build.kiln.operator.placement.Placement;
import build.kiln.operator.placement.PlacementPolicy;
import build.kiln.operator.placement.PlacementRequest;
import build.kiln.operator.preflight.NodeSoftware;
import build.kiln.operator.preflight.ProfileUse;
import build.kiln.operator.testing.GoldenFile;
import build.kiln.operator.testing.TestConfiguration;
import build.kiln.operator.testing.TestNodes;
import build.kiln.protocol.ProtocolJson;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerPodFactoryTest {
    private static final String COMMIT = "4f2c1ab0000000000000000000000000000000ff";
    private static final List<NodeView> NODES = List.of(TestNodes.ready("n1", "amd64"));

    private final WorkerPodFactory factory = new WorkerPodFactory(configuration());

    @Test
    void aNativePodOfADefaultBuild() {
        assertGolden("native", assignment("linux/amd64", COMMIT), BuildCredentials.none());
    }

    @Test
    void anEmulatedPodWithEverythingABuildCanAskFor() {
        assertGolden(
                "emulated",
                assignment("linux/arm64", COMMIT),
                new BuildCredentials(
                        List.of(
                                new BuildCredentials.DockerConfig("push", "{\"auths\":{}}"),
                                new BuildCredentials.DockerConfig("pull", "{\"auths\":{}}")),
                        new BuildCredentials.GitCredentials("git", "user", "hunter2")));
    }

    @Test
    void aPodThatKeepsItsCacheInOtherPlacesToo() {
        assertGolden(
                "cache-backends",
                assignment("linux/amd64", COMMIT),
                new BuildCredentials(
                        List.of(),
                        null,
                        List.of(
                                new BuildCredentials.CacheSecret(
                                        0, "amazon", List.of("accessKeyId", "secretAccessKey")),
                                new BuildCredentials.CacheSecret(
                                        1, "storage", List.of("accessKeyId", "secretAccessKey", "sessionToken")))));
    }

    @Test
    void aRootlessPod() {
        assertGolden("rootless", assignment("linux/amd64", COMMIT), BuildCredentials.none());
    }

    @Test
    void aPodThatKeepsAwayFromNodesThatCannotRunIt() {
        assertGolden(
                "avoiding",
                with(
                        assignment("linux/arm64", COMMIT),
                        new ProfileUse(
                                Profile.Baseline, null, "nodes old-1, old-2 are avoided", List.of("old-1", "old-2"))),
                BuildCredentials.none());
    }

    @Test
    void aPodForAllPlatforms() {
        assertGolden(
                "single-pod",
                new WorkerAssignment(
                        3,
                        "linux/amd64",
                        1,
                        COMMIT,
                        placement("linux/amd64"),
                        null,
                        null,
                        Stream.of("linux/arm/v6", "linux/arm/v7", "linux/arm64")
                                .map(platform ->
                                        new WorkerAssignment.OtherPlatform(platform, PlatformStatus.Mode.Emulated))
                                .toList()),
                BuildCredentials.none());
    }

    @Test
    void aPodOfABuildWithALongName() {
        assertGolden(
                "long-name",
                new WorkerAssignment(12, "linux/arm/v7", 2, COMMIT, placement("linux/arm/v7"), null, null, List.of()),
                BuildCredentials.none());
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache-volume", "cache-volume-rootless", "cache-local"})
    void aPodWithACacheVolumeAndTheClaimOfIt(String name) {
        String claim = CacheVolumeClaim.name("api", "linux/arm64", 1);
        WorkerAssignment assignment =
                new WorkerAssignment(3, "linux/arm64", 1, COMMIT, placement("linux/arm64"), claim, null, List.of());
        CacheVolume volume = Objects.requireNonNull(
                Objects.requireNonNull(build(name).getSpec().cache()).volume());

        assertGolden(name, assignment, BuildCredentials.none());
        GoldenFile.of("worker/pods/" + name + "/claim.yaml")
                .assertEqual(Serialization.asYaml(CacheVolumeClaim.create(build(name), "linux/arm64", claim, volume)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            cacheVolumes: {maxSize: 19Gi}                | spec.cache.volume.size: 20Gi is more than 19Gi
            cacheVolumes: {storageClassNames: [a, b]}    | storageClassName: fast is not allowed; write one of a, b
            """)
    void aVolumeThatTheAdministratorDoesNotAllowIsRefused(String limits, String message) {
        WorkerAssignment assignment =
                new WorkerAssignment(3, "linux/arm64", 1, COMMIT, placement("linux/arm64"), "claim", null, List.of());

        assertThat(new WorkerPodFactory(TestConfiguration.with(limits))
                        .create(build("cache-volume"), assignment, BuildCredentials.none()))
                .asInstanceOf(type(DesiredPod.Refused.class))
                .satisfies(refused -> {
                    assertThat(refused.diagnosis().reason()).isEqualTo(FailureReason.InvalidSpec);
                    assertThat(refused.diagnosis().message()).contains(message);
                });
    }

    @Test
    void namesOfClaimsAreBoundedAndDiffer() {
        String longName = "a".repeat(80);

        assertThat(CacheVolumeClaim.name("api", "linux/arm/v7", 2)).isEqualTo("api-cache-linux-arm-v7-2");
        assertThat(CacheVolumeClaim.name(longName, "linux/amd64", 1))
                .hasSizeLessThanOrEqualTo(63)
                .isNotEqualTo(CacheVolumeClaim.name(longName + "b", "linux/amd64", 1));
    }

    @Test
    void aPodOfAnInlineSource() {
        assertGolden("inline", assignment("linux/amd64", null), BuildCredentials.none());
    }

    @Test
    void aPodWithLabelsTaintsAndResourcesOfItsPlatform() {
        PlacementRequest request = PlacementRequest.of(
                build("placed").getSpec(),
                "linux/arm/v7",
                new OperatorConfiguration.Placement(Mode.Auto, null),
                Map.of(),
                null);
        Placement placement = (Placement) new PlacementPolicy(Duration.ofMinutes(10))
                .place(
                        request,
                        List.of(new NodeView(
                                "n1",
                                Map.of("kubernetes.io/arch", "arm64", "pool", "arm", "team", "shop"),
                                true,
                                true,
                                List.of(new Taint("NoSchedule", "dedicated", null, "builds")),
                                Map.of(),
                                NodeSoftware.UNKNOWN)));

        assertGolden(
                "placed",
                new WorkerAssignment(3, "linux/arm/v7", 1, COMMIT, placement, null, null, List.of()),
                BuildCredentials.none());
    }

    @Test
    void resourcesOfAPlatformThatContradictThemselvesAreRefusedByName() {
        assertThat(factory.create(build("placed"), assignment("linux/s390x", COMMIT), BuildCredentials.none()))
                .asInstanceOf(type(DesiredPod.Refused.class))
                .satisfies(refused -> assertThat(refused.diagnosis().message())
                        .contains("spec.placement.platforms[linux/s390x].resources", "memory", "4Gi", "2Gi"));
    }

    @Test
    void theKubeletHandsTheRequestOverAsItWasWritten() throws Exception {
        ImageBuild build = build("inline");
        Pod pod = pod(build, assignment("linux/amd64", null), BuildCredentials.none());

        String seen =
                expandedByKubelet(environment(pod.getSpec().getContainers().getFirst(), "KILN_BUILD_REQUEST"));

        assertThat(ProtocolJson.readRequest(seen).source().inline())
                .isNotNull()
                .satisfies(inline -> assertThat(inline.files()).isEqualTo(inlineFiles(build)));
    }

    @Test
    void noCredentialStandsInThePod() {
        BuildCredentials credentials = new BuildCredentials(
                List.of(new BuildCredentials.DockerConfig("push", "{\"auths\":{\"a\":{\"auth\":\"c2VjcmV0\"}}}")),
                new BuildCredentials.GitCredentials("git", "user", "hunter2"));

        Pod pod = pod(build("emulated"), assignment("linux/arm64", COMMIT), credentials);

        assertThat(Serialization.asYaml(pod)).doesNotContain("hunter2", "c2VjcmV0");
        assertThat(pod.getSpec().getInitContainers())
                .allSatisfy(daemon -> assertThat(daemon.getVolumeMounts())
                        .extracting(mount -> mount.getName())
                        .containsExactlyInAnyOrder("state", "run", "socket"));
    }

    @Test
    void aRequestThatDoesNotFitIsRefusedByName() {
        ImageBuild build = build("inline");
        inlineFiles(build).put("large", "x".repeat(WorkerPodFactory.LARGEST_REQUEST));

        assertThat(factory.create(build, assignment("linux/amd64", null), BuildCredentials.none()))
                .asInstanceOf(type(DesiredPod.Refused.class))
                .satisfies(refused -> {
                    assertThat(refused.diagnosis().reason()).isEqualTo(FailureReason.InvalidSpec);
                    assertThat(refused.diagnosis().message()).contains("source.inline", "source.git");
                });
    }

    private void assertGolden(String name, WorkerAssignment assignment, BuildCredentials credentials) {
        String pod = Serialization.asYaml(pod(build(name), assignment, credentials));
        GoldenFile.of("worker/pods/" + name + "/pod.yaml").assertEqual(pod);
    }

    private Pod pod(ImageBuild build, WorkerAssignment assignment, BuildCredentials credentials) {
        return assertThat(factory.create(build, confined(build, assignment), credentials))
                .asInstanceOf(type(DesiredPod.Ready.class))
                .actual()
                .pod();
    }

    /** Where the spec wants Rootless, the planner has chosen it. */
    private static WorkerAssignment confined(ImageBuild build, WorkerAssignment assignment) {
        WorkerSettings settings = build.getSpec().worker();
        boolean rootless = settings != null && settings.profile() == WorkerSettings.Profile.Rootless;
        return rootless ? with(assignment, ProfileUse.of(Profile.Rootless)) : assignment;
    }

    private static WorkerAssignment with(WorkerAssignment assignment, ProfileUse use) {
        return new WorkerAssignment(
                assignment.run(),
                assignment.platform(),
                assignment.attempt(),
                assignment.commit(),
                assignment.placement().with(use),
                assignment.claimName(),
                assignment.memoryFactor(),
                assignment.others());
    }

    private static WorkerAssignment assignment(String platform, @Nullable String commit) {
        return new WorkerAssignment(3, platform, 1, commit, placement(platform), null, null, List.of());
    }

    private static Placement placement(String platform) {
        return (Placement) new PlacementPolicy(Duration.ofMinutes(10))
                .place(new PlacementRequest(platform, Mode.Auto, Map.of(), List.of(), Map.of(), null, null), NODES);
    }

    private static ImageBuild build(String name) {
        return Serialization.unmarshal(
                GoldenFile.of("worker/pods/" + name + "/imagebuild.yaml").read(), ImageBuild.class);
    }

    private static Map<String, String> inlineFiles(ImageBuild build) {
        return Objects.requireNonNull(build.getSpec().source().inline()).files();
    }

    private static OperatorConfiguration configuration() {
        try {
            return OperatorConfiguration.load(
                    GoldenFile.of("worker/config.yaml").path());
        } catch (build.kiln.operator.config.InvalidConfigurationException e) {
            throw new AssertionError(e);
        }
    }

    private static String environment(Container container, String name) {
        return container.getEnv().stream()
                .filter(variable -> variable.getName().equals(name))
                .map(EnvVar::getValue)
                .findFirst()
                .orElseThrow();
    }

    /** Kubernetes API reference, EnvVar: {@code $(NAME)} is a reference, {@code $$} one dollar sign. */
    private static String expandedByKubelet(String value) {
        Map<String, String> known = Map.of("uname -m", "expanded", "KILN_BUILD_REQUEST", "expanded");
        StringBuilder expanded = new StringBuilder();
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c != '$' || i + 1 == value.length()) {
                expanded.append(c);
            } else if (value.charAt(i + 1) == '$') {
                expanded.append('$');
                i++;
            } else if (value.charAt(i + 1) == '(' && value.indexOf(')', i) > 0) {
                int end = value.indexOf(')', i);
                String reference = value.substring(i + 2, end);
                expanded.append(known.getOrDefault(reference, "$(" + reference + ")"));
                i = end;
            } else {
                expanded.append(c);
            }
        }
        return expanded.toString();
    }
}
