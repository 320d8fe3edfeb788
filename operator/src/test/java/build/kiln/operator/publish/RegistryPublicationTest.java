package build.kiln.operator.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.registry.ImagePublisher;
import build.kiln.registry.http.RegistryConfiguration;
import build.kiln.registry.http.RegistryHost;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RegistryPublicationTest {
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String NOWHERE = "sha256:" + "a".repeat(64);

    private MemoryRegistry registry;
    private RegistryPublication publication;

    @BeforeEach
    void start() throws IOException {
        registry = new MemoryRegistry();
        publication = publication(registry.host(), Duration.ofSeconds(30));
    }

    @AfterEach
    void stop() {
        publication.close();
        registry.close();
    }

    @Test
    void theResultsBecomeOneIndexInTheOrderOfTheSpecAndTheTagsPointAtIt() {
        PlatformResult arm64 = registry.push("linux/arm64");
        PlatformResult amd64 = registry.push("linux/amd64");

        PublishOutcome.Published published = published(publication.publish(
                build("platforms: [linux/amd64, linux/arm64]", "tags: [\"1\", latest], annotations: {vendor: Shop}"),
                List.of(arm64, amd64),
                password("hunter2")));

        assertThat(published.image()).isEqualTo(registry.host() + "/shop/api@" + published.digest());
        assertThat(published.tags()).containsExactly("1", "latest");
        assertThat(published.platforms())
                .isEqualTo(Map.of("linux/amd64", amd64.digest(), "linux/arm64", arm64.digest()));
        assertThat(registry.tag("1")).isEqualTo(published.digest());
        assertThat(registry.tag("latest")).isEqualTo(published.digest());
        assertThat(registry.manifest("latest")).contains("\"vendor\":\"Shop\"");
        assertThat(registry.manifest("latest").indexOf(amd64.digest()))
                .isPositive()
                .isLessThan(registry.manifest("latest").indexOf(arm64.digest()));
    }

    @Test
    void withoutTagsTheImageIsThereByDigest() {
        PlatformResult amd64 = registry.push("linux/amd64");

        assertThat(publication.publish(build("platforms: [linux/amd64]", ""), List.of(amd64), password("hunter2")))
                .isEqualTo(new PublishOutcome.Published(
                        registry.host() + "/shop/api",
                        amd64.digest(),
                        List.of(),
                        Map.of("linux/amd64", amd64.digest())));
    }

    @Test
    void aWrongPasswordNamesRegistryAndSecretAndIsNotTriedAgain() {
        List<PlatformResult> results = List.of(registry.push("linux/amd64"), registry.push("linux/arm64"));

        PublishOutcome outcome = publication.publish(build("", "tags: [latest]"), results, password("wrong"));

        assertUnpublished(
                outcome,
                FailureReason.RegistryAuthFailed,
                false,
                registry.host(),
                "Secret shop/push",
                "registryCredentials");
        assertThat(registry.tag("latest")).isNull();
    }

    @Test
    void anAccountWithoutTheRightIsNamedToo() {
        List<PlatformResult> results = List.of(registry.push("linux/amd64"), registry.push("linux/arm64"));
        registry.failWith(403);

        assertUnpublished(
                publication.publish(build("", ""), results, password("hunter2")),
                FailureReason.RegistryAuthFailed,
                false,
                "Secret shop/push",
                "right to push");
    }

    @Test
    void aRepositoryThatIsNotThereHasItsOwnReason() {
        List<PlatformResult> results = List.of(registry.push("linux/amd64"), registry.push("linux/arm64"));
        registry.forgetRepository();

        assertUnpublished(
                publication.publish(build("", ""), results, password("hunter2")),
                FailureReason.RegistryRepositoryMissing,
                false,
                "shop/api",
                "Create the repository");
    }

    @Test
    void withoutCredentialsTheRefusalSaysWhereToAddThem() {
        List<PlatformResult> results = List.of(registry.push("linux/amd64"), registry.push("linux/arm64"));

        assertUnpublished(
                publication.publish(build("", ""), results, BuildCredentials.none()),
                FailureReason.RegistryAuthFailed,
                false,
                "spec.registryCredentials");
    }

    @Test
    void fewerPlatformsThanTheSpecNamesAreNeverPublished() {
        PublishOutcome outcome = publication.publish(
                build("", "tags: [latest]"), List.of(registry.push("linux/amd64")), password("hunter2"));

        assertUnpublished(outcome, FailureReason.PublishFailed, false, "linux/arm64");
        assertThat(registry.tag("latest")).isNull();
    }

    @Test
    void aPlatformThatIsGoneFromTheRegistryIsNamedAsTheSpecSpellsIt() {
        PlatformResult gone = new PlatformResult("linux/arm64/v8", NOWHERE, MANIFEST, 7);

        PublishOutcome outcome = publication.publish(
                build("platforms: [linux/amd64, linux/arm64/v8]", "tags: [latest]"),
                List.of(registry.push("linux/amd64"), gone),
                password("hunter2"));

        assertThat(outcome).asInstanceOf(type(PublishOutcome.Missing.class)).satisfies(missing -> {
            assertThat(missing.platforms()).containsExactly("linux/arm64/v8");
            assertThat(missing.message()).contains("linux/arm64", NOWHERE, "no tag was written", "docs/registries.md");
        });
        assertThat(registry.tag("latest")).isNull();
    }

    @Test
    void aFinishedPlatformHasATemporaryTagUntilTheImageIsPublished() {
        PlatformResult amd64 = registry.push("linux/amd64");
        PlatformResult arm64 = registry.push("linux/arm64");
        ImageBuild build = build("", "tags: [latest]");

        publication.protect(build, List.of(amd64), password("hunter2"));

        assertThat(registry.tags()).singleElement().satisfies(tag -> {
            assertThat(tag).matches("kiln-tmp-linux-amd64-[0-9a-f]{16}");
            assertThat(registry.manifest(tag)).contains(amd64.digest()).doesNotContain(arm64.digest());
        });

        publication.publish(build, List.of(amd64, arm64), password("hunter2"));

        assertThat(registry.tags()).containsExactly("latest");
        assertThat(registry.manifest(amd64.digest())).isNotEmpty();
    }

    @Test
    void aRunThatEndsOtherwiseReleasesItsPlatforms() {
        PlatformResult amd64 = registry.push("linux/amd64");
        ImageBuild build = build("", "tags: [latest]");
        publication.protect(build, List.of(amd64), password("hunter2"));

        publication.release(build, List.of(amd64), password("hunter2"));
        publication.release(build, List.of(amd64), password("hunter2"));

        assertThat(registry.tags()).isEmpty();
        assertThat(registry.manifest(amd64.digest())).isNotEmpty();
    }

    @Test
    void theNextRunMovesTheTagAndTheLastOneDoesNotTakeItBack() {
        PlatformResult before = registry.push("linux/amd64");
        PlatformResult after = registry.push("linux/arm64", "linux/amd64");
        ImageBuild build = build("", "tags: [latest]");
        publication.protect(build, List.of(before), password("hunter2"));

        publication.protect(build, List.of(after), password("hunter2"));
        publication.release(build, List.of(before), password("hunter2"));

        assertThat(registry.tags())
                .singleElement()
                .satisfies(tag -> assertThat(registry.manifest(tag)).contains(after.digest()));
    }

    @Test
    void whatARegistryDoesNotAllowIsNoFailure() {
        PlatformResult amd64 = registry.push("linux/amd64");
        ImageBuild build = build("", "tags: [latest]");

        publication.protect(build, List.of(amd64), password("wrong"));
        publication.protect(build, List.of(new PlatformResult("linux/arm64", NOWHERE, MANIFEST, 7)), password("wrong"));
        publication.protect(build("Registry/UPPER", "", ""), List.of(amd64), BuildCredentials.none());
        publication.release(build, List.of(amd64), password("wrong"));

        assertThat(registry.tags()).isEmpty();
    }

    @Test
    void thePublishedImageGetsOtherTagsWithoutAnyResult() {
        PlatformResult amd64 = registry.push("linux/amd64");
        PlatformResult arm64 = registry.push("linux/arm64");
        String digest = published(
                        publication.publish(build("", "tags: [old]"), List.of(amd64, arm64), password("hunter2")))
                .digest();

        PublishOutcome.Published tagged =
                published(publication.tag(build("", "tags: [\"1\", latest]"), digest, password("hunter2")));

        assertThat(tagged.digest()).isEqualTo(digest);
        assertThat(tagged.platforms()).isEqualTo(Map.of("linux/amd64", amd64.digest(), "linux/arm64", arm64.digest()));
        assertThat(registry.tags()).containsExactly("1", "latest", "old");
        assertThat(registry.tag("latest")).isEqualTo(digest);
    }

    @Test
    void anImageThatLacksAnythingItListsIsNotTagged() {
        PlatformResult amd64 = registry.push("linux/amd64");
        PlatformResult arm64 = registry.push("linux/arm64");
        String digest = published(publication.publish(build("", ""), List.of(amd64, arm64), password("hunter2")))
                .digest();
        ImageBuild build = build("", "tags: [latest]");
        registry.remove(arm64.digest());

        assertThat(publication.tag(build, digest, password("hunter2")))
                .asInstanceOf(type(PublishOutcome.Missing.class))
                .satisfies(missing -> {
                    assertThat(missing.platforms()).containsExactly("linux/arm64");
                    assertThat(missing.message()).contains(arm64.digest());
                });
        assertThat(publication.tag(build, NOWHERE, password("hunter2")))
                .asInstanceOf(type(PublishOutcome.Missing.class))
                .satisfies(missing -> {
                    assertThat(missing.platforms()).isEmpty();
                    assertThat(missing.message()).contains("shop/api@" + NOWHERE);
                });
        assertThat(registry.tags()).isEmpty();
    }

    @Test
    void aReferenceIsResolvedOrTheReasonIsTold() {
        PlatformResult amd64 = registry.push("linux/amd64");
        publication.publish(build("platforms: [linux/amd64]", "tags: [base]"), List.of(amd64), password("hunter2"));
        ImageBuild build = build("", "");
        String name = registry.host() + "/shop/api";

        assertThat(publication.resolve(build, name + ":base", password("hunter2")))
                .isEqualTo(new ImageResolution.Resolved(amd64.digest()));
        assertThat(publication.resolve(build, name + ":other", password("hunter2")))
                .asInstanceOf(type(ImageResolution.Unresolved.class))
                .satisfies(unresolved -> assertThat(unresolved.message()).contains(name + ":other", "404"));
        assertThat(publication.resolve(build, name + ":base", password("wrong")))
                .asInstanceOf(type(ImageResolution.Unresolved.class))
                .satisfies(unresolved -> assertThat(unresolved.message())
                        .contains("Secret shop/push")
                        .doesNotContain("hunter2"));
    }

    @Test
    void aRegistryThatIsAwayIsWorthAnotherTry() throws IOException {
        String away;
        try (ServerSocket socket = new ServerSocket(0)) {
            away = "127.0.0.1:" + socket.getLocalPort();
        }
        List<PlatformResult> results = List.of(registry.push("linux/amd64"), registry.push("linux/arm64"));

        try (RegistryPublication impatient = publication(away, Duration.ofSeconds(1))) {
            assertUnpublished(
                    impatient.publish(build(away, "", ""), results, password("hunter2")),
                    FailureReason.PublishFailed,
                    true,
                    away);
        }
    }

    @Test
    void anImageNameThatIsNoneIsTheSpecsMistake() {
        assertUnpublished(
                publication.publish(build("Registry/UPPER", "", ""), List.of(), BuildCredentials.none()),
                FailureReason.InvalidSpec,
                false,
                "spec.output",
                "lower case");
    }

    private static RegistryPublication publication(String host, Duration timeout) {
        return new RegistryPublication(
                new ImagePublisher(new RegistryConfiguration(List.of(new RegistryHost(host, List.of(), true, null)))),
                timeout);
    }

    private ImageBuild build(String fields, String output) {
        return build(registry.host(), fields, output);
    }

    private static ImageBuild build(String host, String fields, String output) {
        return Serialization.unmarshal("""
                apiVersion: kiln.build/v1alpha1
                kind: ImageBuild
                metadata: {name: api, namespace: shop, uid: 5f0c6f0e-0c0d-4c53-a4a5-1f6a3b8f0f10}
                spec: {source: {inline: {files: {Dockerfile: FROM scratch}}}, output: {image: "%s/shop/api", %s}, %s}
                """.formatted(host, output, fields), ImageBuild.class);
    }

    private BuildCredentials password(String password) {
        String json =
                "{\"auths\":{\"" + registry.host() + "\":{\"username\":\"user\",\"password\":\"" + password + "\"}}}";
        return new BuildCredentials(List.of(new BuildCredentials.DockerConfig("push", json)), null);
    }

    private static PublishOutcome.Published published(PublishOutcome outcome) {
        return assertThat(outcome)
                .asInstanceOf(type(PublishOutcome.Published.class))
                .actual();
    }

    private static void assertUnpublished(
            PublishOutcome outcome, FailureReason reason, boolean retry, String... parts) {
        assertThat(outcome).asInstanceOf(type(PublishOutcome.Unpublished.class)).satisfies(unpublished -> {
            assertThat(unpublished.diagnosis().reason()).isEqualTo(reason);
            assertThat(unpublished.diagnosis().message()).contains(parts).doesNotContain("hunter2");
            assertThat(unpublished.diagnosis().isWorthWaiting()).isEqualTo(retry);
        });
    }
}
