package build.kiln.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.http.HttpSettings;
import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryConfiguration;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.http.RegistryHost;
import build.kiln.registry.http.RegistryTransport;
import build.kiln.registry.http.TestTime;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.InvalidReferenceException;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.MediaTypes;
import build.kiln.registry.image.Platform;
import build.kiln.registry.image.Repository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import mockwebserver3.MockResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ImagePublisherTest {
    private static final TestImages.Pushed AMD64 = TestImages.attested("linux/amd64");
    private static final TestImages.Pushed ARM64 = TestImages.attested("linux/arm64");

    private final TestTime time = new TestTime();
    private FakeRegistry registry;
    private FakeRegistry other;
    private RegistryTransport transport;
    private ImagePublisher publisher;

    @BeforeEach
    void start() throws IOException {
        registry = new FakeRegistry();
        other = new FakeRegistry();
        RegistryConfiguration configuration = new RegistryConfiguration(List.of(
                new RegistryHost(registry.host(), List.of(), true, null),
                new RegistryHost(other.host(), List.of(), true, null)));
        transport = new RegistryTransport(configuration, HttpSettings.defaults(), time, time);
        publisher = new ImagePublisher(transport);
    }

    @AfterEach
    void stop() {
        publisher.close();
        registry.close();
        other.close();
    }

    private void given(TestImages.Pushed... pushed) {
        for (TestImages.Pushed each : pushed) {
            each.blobs().forEach(blob -> registry.putBlob("shop/api", blob));
            for (Manifest manifest : each.manifests()) {
                registry.putManifest("shop/api", manifest.digest().toString(), manifest.bytes(), manifest.mediaType());
            }
        }
    }

    private PublishRequest request(List<Repository> additional, List<String> tags, TestImages.Pushed... pushed) {
        return TestImages.request(
                registry.repository("shop/api"),
                additional,
                tags,
                CredentialSource.anonymous(),
                Duration.ofMinutes(1),
                pushed);
    }

    @Test
    void twoPlatformsBecomeOneIndexUnderItsTags() throws Exception {
        given(AMD64, ARM64);

        PublishedImage published = publisher.publish(request(List.of(), List.of("1.4.2", "latest"), AMD64, ARM64));

        assertThat(published.mediaType()).isEqualTo(MediaTypes.OCI_INDEX);
        assertThat(published.tags()).containsExactly("1.4.2", "latest");
        assertThat(published.platforms())
                .containsExactly(
                        Map.entry(AMD64.platform(), AMD64.image().digest()),
                        Map.entry(ARM64.platform(), ARM64.image().digest()));
        assertThat(registry.tag("shop/api", "1.4.2")).isEqualTo(published.digest());
        assertThat(registry.tag("shop/api", "latest")).isEqualTo(published.digest());
        assertThat(registry.holds("shop/api/manifests/" + published.digest())).isTrue();
    }

    @Test
    void tagsAreWrittenAfterEverythingElseEverywhere() throws Exception {
        given(AMD64, ARM64);
        Repository mounted = registry.repository("mirror/api");

        publisher.publish(request(List.of(mounted), List.of("1"), AMD64, ARM64));

        List<String> log = registry.log();
        int firstTag = Math.min(log.indexOf("PUT shop/api/manifests/1"), log.indexOf("PUT mirror/api/manifests/1"));
        assertThat(firstTag).isPositive();
        assertThat(log.subList(firstTag, log.size()))
                .allSatisfy(line -> assertThat(line).matches("(PUT|GET) (shop|mirror)/api/manifests/1"));
        for (String repository : List.of("shop/api", "mirror/api")) {
            for (TestImages.Pushed pushed : List.of(AMD64, ARM64)) {
                assertThat(log.subList(0, firstTag))
                        .contains(
                                "HEAD " + repository + "/manifests/"
                                        + pushed.image().digest(),
                                "HEAD " + repository + "/manifests/"
                                        + pushed.manifests().get(1).digest());
            }
        }
    }

    @Test
    void doingItAgainGivesTheSameDigest() throws Exception {
        given(AMD64, ARM64);

        PublishedImage first = publisher.publish(request(List.of(), List.of("1"), AMD64, ARM64));
        PublishedImage second = publisher.publish(request(List.of(), List.of("1"), AMD64, ARM64));

        assertThat(second).isEqualTo(first);
    }

    @Test
    void onePlatformWithoutAttestationStaysAPlainManifest() throws Exception {
        TestImages.Pushed plain = TestImages.plain("linux/arm64");
        given(plain);

        PublishedImage published = publisher.publish(request(List.of(), List.of("1"), plain));

        assertThat(published.digest()).isEqualTo(plain.image().digest());
        assertThat(published.mediaType()).isEqualTo(MediaTypes.OCI_MANIFEST);
        assertThat(registry.tag("shop/api", "1")).isEqualTo(plain.image().digest());
        assertThat(registry.log()).noneMatch(line -> line.startsWith("PUT") && line.contains("sha256:"));
    }

    @Test
    void thePlatformOfAPlainImageIsReadFromItsConfiguration() throws Exception {
        TestImages.Pushed plain = TestImages.plain("linux/amd64");
        given(plain);
        PublishRequest asksForAnother = new PublishRequest(
                registry.repository("shop/api"),
                List.of(),
                List.of("1"),
                List.of(Platform.parse("linux/arm64")),
                List.of(new PushedImage(
                        Platform.parse("linux/arm64"), plain.reported().descriptor())),
                Map.of(),
                CredentialSource.anonymous(),
                Duration.ofMinutes(1));

        assertThatThrownBy(() -> publisher.publish(asksForAnother))
                .isInstanceOf(RegistryException.InvalidContent.class)
                .hasMessage("publish image " + registry.repository("shop/api")
                        + ": The image pushed for linux/arm64 is for linux/amd64.");
        assertThat(registry.log()).noneMatch(line -> line.startsWith("PUT"));
    }

    @Test
    void anotherRegistryGetsEveryBlobAndManifestBeforeItsTag() throws Exception {
        given(AMD64, ARM64);

        PublishedImage published =
                publisher.publish(request(List.of(other.repository("mirror/api")), List.of("1"), AMD64, ARM64));

        assertThat(other.tag("mirror/api", "1")).isEqualTo(published.digest());
        for (TestImages.Pushed pushed : List.of(AMD64, ARM64)) {
            pushed.blobs()
                    .forEach(blob -> assertThat(other.holds("mirror/api/blobs/" + Digest.sha256(blob)))
                            .isTrue());
            assertThat(other.holds("mirror/api/manifests/" + pushed.image().digest()))
                    .isTrue();
        }
        assertThat(registry.log()).noneMatch(line -> line.startsWith("POST"));
    }

    @Test
    void noTagMovesWhenAChildIsGone() {
        given(AMD64, ARM64);
        registry.putManifest("shop/api", "1", AMD64.image().bytes(), MediaTypes.OCI_MANIFEST);
        String child = "/v2/shop/api/manifests/" + ARM64.manifests().get(1).digest();
        registry.fault((method, target) -> target.equals(child) ? FakeRegistry.status(404) : null);

        assertThatThrownBy(() -> publisher.publish(request(List.of(), List.of("1"), AMD64, ARM64)))
                .isInstanceOfSatisfying(
                        RegistryException.PlatformsMissing.class,
                        e -> assertThat(e.platforms()).containsExactly(ARM64.platform()))
                .hasMessageContaining("no longer in the registry; no tag was written");
        assertThat(registry.tag("shop/api", "1")).isEqualTo(AMD64.image().digest());
    }

    @Test
    void noTagMovesAnywhereWhenOneRepositoryRefuses() {
        given(AMD64, ARM64);
        other.fault((method, target) -> method.equals("POST") ? FakeRegistry.status(403) : null);

        assertThatThrownBy(() ->
                        publisher.publish(request(List.of(other.repository("mirror/api")), List.of("1"), AMD64, ARM64)))
                .isInstanceOf(RegistryException.Forbidden.class);
        assertThat(registry.tag("shop/api", "1")).isNull();
    }

    @Test
    void aResultThatIsGoneIsNamed() {
        given(AMD64);

        assertThatThrownBy(() -> publisher.publish(request(List.of(), List.of("1"), AMD64, ARM64)))
                .isInstanceOfSatisfying(
                        RegistryException.PlatformsMissing.class,
                        e -> assertThat(e.platforms()).containsExactly(ARM64.platform()))
                .hasMessage("publish image " + registry.repository("shop/api") + ": what was pushed for linux/arm64 ("
                        + ARM64.result().digest() + ") is no longer in the registry; no tag was written");
        assertThat(registry.log()).noneMatch(line -> line.startsWith("PUT"));
    }

    @Test
    void anImmutableTagIsFineWhenItIsOursAlready() throws Exception {
        given(AMD64, ARM64);
        PublishedImage before = publisher.publish(request(List.of(), List.of("1"), AMD64, ARM64));
        registry.fault(ImagePublisherTest::refuseTag);

        assertThat(publisher.publish(request(List.of(), List.of("1"), AMD64, ARM64)))
                .isEqualTo(before);
        assertThatThrownBy(() -> publisher.publish(request(List.of(), List.of("1"), AMD64)))
                .isInstanceOf(RegistryException.TagImmutable.class);
        assertThat(registry.tag("shop/api", "1")).isEqualTo(before.digest());
    }

    private static @org.jspecify.annotations.Nullable MockResponse refuseTag(String method, String target) {
        return method.equals("PUT") && target.endsWith("/manifests/1")
                ? new MockResponse.Builder()
                        .code(400)
                        .body("{\"errors\":[{\"code\":\"TAG_INVALID\",\"message\":\"the repository is immutable\"}]}")
                        .build()
                : null;
    }

    @Test
    void aTagThatDoesNotStickIsNoticed() {
        given(AMD64, ARM64);
        byte[] stale = AMD64.image().bytes();
        registry.fault((method, target) -> method.equals("GET") && target.endsWith("/manifests/1")
                ? new MockResponse.Builder()
                        .code(200)
                        .setHeader("Content-Type", MediaTypes.OCI_MANIFEST)
                        .body(new String(stale, StandardCharsets.UTF_8))
                        .build()
                : null);

        assertThatThrownBy(() -> publisher.publish(request(List.of(), List.of("1"), AMD64, ARM64)))
                .isInstanceOf(RegistryException.InvalidContent.class)
                .hasMessageContaining("the tag points at " + AMD64.image().digest());
    }

    @Test
    void publishingEndsAtItsDeadline() {
        given(AMD64, ARM64);
        registry.fault((method, target) -> method.equals("PUT") ? FakeRegistry.status(503) : null);
        PublishRequest patient = request(List.of(), List.of("1"), AMD64, ARM64);
        PublishRequest hurried = new PublishRequest(
                patient.repository(),
                List.of(),
                patient.tags(),
                patient.platforms(),
                patient.pushed(),
                Map.of(),
                patient.credentials(),
                Duration.ofMillis(400));

        assertThatThrownBy(() -> publisher.publish(hurried)).isInstanceOf(RegistryException.Unavailable.class);
        assertThat(time.waits().stream().reduce(Duration.ZERO, Duration::plus)).isLessThan(Duration.ofMillis(400));
    }

    @Test
    void whatIsMissingOfAnImageCanBeAsked() throws Exception {
        given(AMD64);
        Digest gone = AMD64.manifests().get(1).digest();

        assertThat(missing(AMD64.result().digest())).isEmpty();
        assertThat(missing(AMD64.image().digest())).isEmpty();
        assertThat(missing(ARM64.result().digest()))
                .containsExactly(ARM64.result().digest());

        registry.fault((method, target) -> target.endsWith(gone.toString()) ? FakeRegistry.status(404) : null);

        assertThat(missing(AMD64.result().digest())).containsExactly(gone);
    }

    private List<Digest> missing(Digest digest) throws RegistryException {
        RegistryClient client = transport.client(CredentialSource.anonymous(), Duration.ofSeconds(5));
        return new StoredImage(client, registry.repository("shop/api")).missing(digest);
    }

    @Test
    void aTagThatIsNoneIsRefusedBeforeAnythingIsDone() {
        assertThatThrownBy(() -> request(List.of(), List.of("not a tag"), AMD64))
                .isInstanceOf(InvalidReferenceException.class);
    }
}
