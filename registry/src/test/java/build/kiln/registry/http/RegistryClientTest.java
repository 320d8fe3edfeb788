package build.kiln.registry.http;

import static build.kiln.registry.http.Server.error;
import static build.kiln.registry.http.Server.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.MediaTypes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import okio.Buffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegistryClientTest {
    private static final byte[] BYTES = "{\"schemaVersion\":2, \"manifests\":[]}".getBytes(StandardCharsets.UTF_8);
    private static final Digest DIGEST = Digest.sha256(BYTES);

    private final TestTime time = new TestTime();
    private Server server;
    private RegistryTransport transport;
    private RegistryClient client;

    @BeforeEach
    void start() throws IOException {
        server = new Server();
        transport = server.transport(time, time);
        client = transport.client(CredentialSource.anonymous(), Duration.ofMinutes(2));
    }

    @AfterEach
    void stop() {
        transport.close();
        server.close();
    }

    private ImageReference byDigest() {
        return server.repository().at(DIGEST);
    }

    private static MockResponse.Builder manifest() {
        return Server.body(BYTES, MediaTypes.OCI_INDEX);
    }

    private static Manifest index() {
        try {
            return Manifest.of(BYTES, MediaTypes.OCI_INDEX, Digest.Algorithm.SHA256);
        } catch (MalformedImageException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aManifestIsReadByItsDigest() throws Exception {
        server.answers(manifest()
                .setHeader("Content-Type", MediaTypes.OCI_INDEX + "; charset=utf-8")
                .build());

        Manifest read = client.getManifest(byDigest());

        assertThat(read.bytes()).isEqualTo(BYTES);
        assertThat(read.mediaType()).isEqualTo(MediaTypes.OCI_INDEX);
        var request = server.taken();
        assertThat(request.getTarget()).isEqualTo("/v2/shop/api/manifests/" + DIGEST);
        assertThat(Server.header(request, "Accept")).contains(MediaTypes.OCI_INDEX, MediaTypes.DOCKER_MANIFEST);
        assertThat(Server.header(request, "Authorization")).isNull();
    }

    @Test
    void aRateLimitIsWaitedForAsLongAsTheRegistryAsks() throws Exception {
        server.answers(
                error(429, "TOOMANYREQUESTS", "slow down")
                        .setHeader("Retry-After", "7")
                        .build(),
                status(503)
                        .setHeader("Retry-After", "Fri, 2 Jan 2026 03:04:23 GMT")
                        .build(),
                manifest().build());

        assertThat(client.getManifest(byDigest()).digest()).isEqualTo(DIGEST);
        assertThat(time.waits()).containsExactly(Duration.ofSeconds(7), Duration.ofSeconds(11));
    }

    @Test
    void aRateLimitBeyondWhatACallWaitsForIsHandedToTheCaller() {
        server.answers(error(429, "TOOMANYREQUESTS", "limit")
                .setHeader("Retry-After", "3600")
                .build());

        var failure = catchThrowableOfType(RegistryException.RateLimited.class, () -> client.getManifest(byDigest()));

        assertThat(failure)
                .hasMessage("read manifest of " + byDigest() + ": 429 too many requests (TOOMANYREQUESTS: limit)");
        assertThat(failure.retryAfter()).contains(Duration.ofHours(1));
        assertThat(failure.isRetryable()).isTrue();
        assertThat(server.requests()).isOne();
    }

    @Test
    void serverErrorsAreTriedAgainWithGrowingWaits() throws Exception {
        server.answers(
                status(502).body("<html>bad gateway</html>").build(),
                status(504).build(),
                status(522).build(),
                manifest().build());

        assertThat(client.getManifest(byDigest()).digest()).isEqualTo(DIGEST);
        assertThat(time.waits()).hasSize(3);
        for (int i = 0; i < 3; i++) {
            long longest = 200L << i;
            assertThat(time.waits().get(i).toMillis()).isBetween(longest / 2, longest);
        }
    }

    @Test
    void aBrokenConnectionIsTriedAgain() throws Exception {
        for (int i = 0; i < 3; i++) {
            server.answers(status(200)
                    .onResponseStart(SocketEffect.ShutdownConnection.INSTANCE)
                    .build());
        }
        server.answers(manifest().build());

        assertThat(client.getManifest(byDigest()).digest()).isEqualTo(DIGEST);
    }

    @Test
    void triesAreBounded() {
        for (int i = 0; i < 10; i++) {
            server.answers(status(503).build());
        }

        assertThatThrownBy(() -> client.getManifest(byDigest()))
                .isInstanceOf(RegistryException.Unavailable.class)
                .hasMessage("read manifest of " + byDigest() + ": 503 from " + server.host());
        assertThat(server.requests()).isEqualTo(Server.SETTINGS.attempts());
    }

    @Test
    void noWaitGoesBeyondTheDeadlineOfTheCall() {
        RegistryClient hurried = transport.client(CredentialSource.anonymous(), Duration.ofSeconds(5));
        server.answers(
                status(503).setHeader("Retry-After", "4").build(),
                status(503).setHeader("Retry-After", "4").build());

        assertThatThrownBy(() -> hurried.getManifest(byDigest())).isInstanceOf(RegistryException.Unavailable.class);
        assertThat(time.waits()).containsExactly(Duration.ofSeconds(4));

        time.advance(Duration.ofSeconds(1));
        assertThatThrownBy(() -> hurried.getManifest(byDigest()))
                .isInstanceOf(RegistryException.DeadlineExceeded.class)
                .hasMessage("read manifest of " + byDigest() + ": not done within 5000 ms");
        assertThat(server.requests()).isEqualTo(2);
    }

    @Test
    void aTruncatedBodyIsReadAgain() throws Exception {
        server.answers(
                manifest()
                        .setHeader("Content-Length", BYTES.length + 10)
                        .onResponseEnd(SocketEffect.ShutdownConnection.INSTANCE)
                        .build(),
                manifest().build());

        assertThat(client.getManifest(byDigest()).bytes()).isEqualTo(BYTES);
        assertThat(server.requests()).isEqualTo(2);
    }

    @Test
    void aBodyThatDoesNotArriveEndsAtTheDeadline() throws Exception {
        server.answers(
                manifest().throttleBody(1, 1, TimeUnit.HOURS).build(),
                status(200).headersDelay(1, TimeUnit.HOURS).build());
        try (RegistryTransport real = server.transport(Clock.systemUTC(), Sleeper.system())) {
            for (int i = 0; i < 2; i++) {
                RegistryClient hurried = real.client(CredentialSource.anonymous(), Duration.ofMillis(300));
                assertThatThrownBy(() -> hurried.getManifest(byDigest()))
                        .isInstanceOf(RegistryException.DeadlineExceeded.class)
                        .hasMessageContaining("not done within 300 ms");
            }
        }
    }

    @Test
    void anInterruptEndsTheCallAndStaysSet() {
        server.answers(status(503).build());

        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> client.getManifest(byDigest())).isInstanceOf(RegistryException.Interrupted.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void aBodyWithAnotherDigestIsRefused() {
        server.answers(Server.body("{}".getBytes(StandardCharsets.UTF_8), MediaTypes.OCI_MANIFEST)
                .build());

        assertThatThrownBy(() -> client.getManifest(byDigest()))
                .isInstanceOf(RegistryException.InvalidContent.class)
                .hasMessageContaining("instead of " + DIGEST);
        assertThat(server.requests()).isOne();
    }

    @Test
    void aTagIsCheckedAgainstTheDigestThatTheRegistryNames() {
        ImageReference tag = server.repository().tagged("1");
        server.answers(manifest()
                .setHeader("Docker-Content-Digest", Digest.sha256(new byte[0]))
                .build());

        assertThatThrownBy(() -> client.getManifest(tag)).isInstanceOf(RegistryException.InvalidContent.class);
    }

    @Test
    void anOversizedManifestIsNotReadToItsEnd() {
        Buffer large = new Buffer().writeUtf8("{\"a\":\"").writeUtf8("x".repeat(Manifest.LARGEST));
        server.answers(status(200)
                .setHeader("Content-Type", MediaTypes.OCI_INDEX)
                .chunkedBody(large, 64 * 1024)
                .build());

        assertThatThrownBy(() -> client.getManifest(byDigest()))
                .isInstanceOf(RegistryException.InvalidContent.class)
                .hasMessageContaining("larger than " + Manifest.LARGEST);
    }

    @Test
    void whatTheRegistryStoredIsCheckedAfterAPush() throws Exception {
        server.answers(
                status(201).setHeader("Docker-Content-Digest", DIGEST).build(),
                status(201)
                        .setHeader("Docker-Content-Digest", Digest.sha256(new byte[0]))
                        .build(),
                status(201).build());

        client.putManifest(byDigest(), index());
        assertThatThrownBy(() -> client.putManifest(byDigest(), index()))
                .isInstanceOf(RegistryException.InvalidContent.class)
                .hasMessageContaining("instead of " + DIGEST);
        client.putManifest(byDigest(), index());

        var request = server.taken();
        assertThat(request.getMethod()).isEqualTo("PUT");
        assertThat(Server.header(request, "Content-Type")).isEqualTo(MediaTypes.OCI_INDEX);
        assertThat(Server.text(request)).isEqualTo(new String(BYTES, StandardCharsets.UTF_8));
    }

    @Test
    void aMissingManifestAndAMissingRepositoryAreToldApart() throws Exception {
        server.answers(
                error(404, "MANIFEST_UNKNOWN", "manifest unknown").build(),
                error(404, "NAME_UNKNOWN", "repository name not known to registry")
                        .build(),
                status(404).build());

        var manifest = catchThrowableOfType(RegistryException.NotFound.class, () -> client.getManifest(byDigest()));
        var repository = catchThrowableOfType(RegistryException.NotFound.class, () -> client.getManifest(byDigest()));

        assertThat(manifest.isRepositoryMissing()).isFalse();
        assertThat(repository.isRepositoryMissing()).isTrue();
        assertThat(client.hasManifest(server.repository(), DIGEST)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "400 | TAG_INVALID  | The image tag 'v1' already exists and cannot be overwritten because the repository is immutable.",
                "412 | PRECONDITION | Failed to process request due to 'api:v1' configured as immutable.",
                "409 | TAG_IMMUTABLE | tag v1",
                "403 | DENIED       | tag immutability is on for this repository"
            })
    void aTagThatMayNotMoveIsItsOwnKindOfFailure(int status, String code, String message) {
        server.answers(error(status, code, message).build());

        assertThatThrownBy(() -> client.putManifest(server.repository().tagged("v1"), index()))
                .isInstanceOf(RegistryException.TagImmutable.class)
                .hasMessageContaining("push manifest for " + server.repository() + ":v1")
                .hasMessageContaining(message);
    }

    @Test
    void otherRefusalsKeepTheRegistrysWordsWithoutControlCharacters() {
        server.answers(
                error(400, "MANIFEST_INVALID", "bad \\u001b[31m \\r\\n thing").build());

        assertThatThrownBy(() -> client.putManifest(byDigest(), index()))
                .isInstanceOf(RegistryException.Rejected.class)
                .hasMessageContaining("400 not accepted by " + server.host() + " (MANIFEST_INVALID: bad ")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\u001b", "\n", "\r"));
    }

    @Test
    void aFullDiskIsToldWhereTheRegistryHidesItInTheDetail() {
        for (int i = 0; i < Server.SETTINGS.attempts(); i++) {
            server.answers(status(500)
                    .body(
                            "{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"unknown error\",\"detail\":\"filesystem: write /"
                                    + "long/".repeat(100) + "data.tmp: no space left on device\"}]}")
                    .build());
        }

        assertThatThrownBy(() -> client.putManifest(byDigest(), index()))
                .isInstanceOf(RegistryException.Unavailable.class)
                .hasMessageContaining("500 from " + server.host() + " (UNKNOWN: ...")
                .hasMessageEndingWith("data.tmp: no space left on device)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"})
    void aPushThatLacksAChildSaysSo(String code) {
        server.answers(error(400, code, "blob unknown to registry").build());

        assertThatThrownBy(() -> client.putManifest(byDigest(), index()))
                .isInstanceOf(RegistryException.NotFound.class)
                .hasMessageContaining("something it needs is missing");
    }

    @Test
    void deletingWhatIsGoneIsDone() throws Exception {
        server.answers(
                status(202).build(), error(404, "MANIFEST_UNKNOWN", "gone").build());

        client.deleteManifest(byDigest());
        client.deleteManifest(byDigest());

        assertThat(server.taken().getMethod()).isEqualTo("DELETE");
    }

    @Test
    void aRedirectIsFollowedWithoutEndWhenItLoops() {
        for (int i = 0; i < 200; i++) {
            server.answers(status(307)
                    .setHeader("Location", "/v2/shop/api/manifests/" + DIGEST)
                    .build());
        }

        assertThatThrownBy(() -> client.getManifest(byDigest())).isInstanceOf(RegistryException.Unavailable.class);
    }

    @Test
    void smallBlobsAreBoundedAndVerified() throws Exception {
        byte[] content = "config".getBytes(StandardCharsets.UTF_8);
        Descriptor blob = Descriptor.of("c", Digest.sha256(content), content.length, null);
        server.answers(
                status(200).body("config").build(),
                status(200).body("confiG").build(),
                status(200).body("configuration").build(),
                status(200).body("conf").build());

        assertThat(client.getBlob(server.repository(), blob, 100)).isEqualTo(content);
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> client.getBlob(server.repository(), blob, 100))
                    .isInstanceOf(RegistryException.InvalidContent.class);
        }
        assertThatThrownBy(() -> client.getBlob(server.repository(), blob, 3))
                .isInstanceOf(RegistryException.InvalidContent.class)
                .hasMessageContaining("more than 3");
        assertThat(server.requests()).isEqualTo(4);
    }
}
