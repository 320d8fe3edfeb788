package build.kiln.registry.http;

import static build.kiln.registry.http.Server.challenge;
import static build.kiln.registry.http.Server.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.auth.DockerConfig;
import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Repository;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import okio.Buffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BlobTransferTest {
    private static final byte[] CONTENT = "layer".repeat(50_000).getBytes(StandardCharsets.UTF_8);
    private static final Descriptor BLOB =
            Descriptor.of("application/vnd.oci.image.layer.v1.tar", Digest.sha256(CONTENT), CONTENT.length, null);

    private final TestTime time = new TestTime();
    private Server target;
    private Server source;
    private RegistryTransport transport;
    private RegistryClient client;

    @BeforeEach
    void start() throws Exception {
        target = new Server();
        source = new Server();
        transport = new RegistryTransport(
                new RegistryConfiguration(List.of(
                        new RegistryHost(target.host(), List.of(), true, null),
                        new RegistryHost(source.host(), List.of(), true, null))),
                Server.SETTINGS,
                time,
                time);
        String auths = "{\"auths\":{\"" + target.host() + "\":{\"username\":\"kiln\",\"password\":\"secret\"}}}";
        CredentialSource credentials = DockerConfig.parse(auths.getBytes(StandardCharsets.UTF_8), "Secret shop/push");
        client = transport.client(credentials, Duration.ofMinutes(2));
    }

    @AfterEach
    void stop() {
        transport.close();
        target.close();
        source.close();
    }

    private Repository mirror() {
        return new Repository(target.host(), "mirror/api");
    }

    private static Buffer content() {
        return new Buffer().write(CONTENT);
    }

    @Test
    void aBlobThatIsThereIsNotTouched() throws Exception {
        target.answers(status(200).build());

        client.copyBlob(target.repository(), mirror(), BLOB);

        assertThat(target.taken().getTarget()).isEqualTo("/v2/mirror/api/blobs/" + BLOB.digest());
        assertThat(target.requests()).isOne();
    }

    @Test
    void withinOneRegistryABlobIsMounted() throws Exception {
        target.answers(status(404).build(), status(201).build());

        client.copyBlob(target.repository(), mirror(), BLOB);

        target.taken();
        RecordedRequest mount = target.taken();
        assertThat(mount.getMethod()).isEqualTo("POST");
        assertThat(Server.query(mount, "mount")).isEqualTo(BLOB.digest().toString());
        assertThat(Server.query(mount, "from")).isEqualTo("shop/api");
        assertThat(target.requests()).isEqualTo(2);
    }

    @Test
    void aTokenForAMountMayReadTheSource() throws Exception {
        try (Server tokens = new Server()) {
            target.answers(
                    challenge("Bearer realm=\"" + tokens.url("/token") + "\"")
                            .body("")
                            .build(),
                    status(404).build(),
                    status(201).build());
            for (int i = 0; i < 2; i++) {
                tokens.answers(status(200)
                        .body("{\"token\":\"t" + i + "\",\"expires_in\":300}")
                        .build());
            }

            client.copyBlob(target.repository(), mirror(), BLOB);

            tokens.taken();
            assertThat(tokens.taken().getUrl().queryParameterValues("scope"))
                    .containsExactly("repository:mirror/api:pull,push", "repository:shop/api:pull");
        }
    }

    @Test
    void aRegistryThatDoesNotMountGetsTheContent() throws Exception {
        target.answers(
                status(404).build(),
                status(202).setHeader("Location", "/upload/1?_state=a%3D%2Bb").build(),
                status(200).body(content()).build(),
                status(201).build());

        client.copyBlob(target.repository(), mirror(), BLOB);

        target.taken();
        target.taken();
        // The upload begins before its content is read, and is recorded when it is complete.
        assertThat(target.taken().getTarget()).isEqualTo("/v2/shop/api/blobs/" + BLOB.digest());
        RecordedRequest put = target.taken();
        assertThat(put.getTarget()).startsWith("/upload/1?_state=a%3D%2Bb&digest=sha256");
        assertThat(Server.query(put, "digest")).isEqualTo(BLOB.digest().toString());
        assertThat(put.getBodySize()).isEqualTo(BLOB.size());
        assertThat(Server.text(put)).isEqualTo(new String(CONTENT, StandardCharsets.UTF_8));
    }

    @Test
    void betweenRegistriesABlobIsStreamedAndBrokenStreamsStartOver() throws Exception {
        target.answers(
                status(404).build(),
                status(202).setHeader("Location", target.url("/upload/1")).build(),
                status(202).setHeader("Location", target.url("/upload/2")).build(),
                status(201).build());
        source.answers(
                status(200)
                        .body(content())
                        .onResponseBody(SocketEffect.ShutdownConnection.INSTANCE)
                        .build(),
                status(200).body(content()).build());
        // What was left of the first upload.
        target.http.setDispatcher(new Uploads(target.http.getDispatcher()));

        client.copyBlob(source.repository(), target.repository(), BLOB);

        RecordedRequest last = target.taken();
        while (!last.getMethod().equals("PUT") || last.getBodySize() != BLOB.size()) {
            last = target.taken();
        }
        assertThat(last.getTarget()).startsWith("/upload/2?digest=");
        assertThat(Digest.sha256(Server.text(last).getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(BLOB.digest());
        assertThat(time.waits()).hasSize(1);
    }

    /** Leaves the script alone when an upload breaks off. */
    private static final class Uploads extends mockwebserver3.Dispatcher {
        private final mockwebserver3.Dispatcher script;

        Uploads(mockwebserver3.Dispatcher script) {
            this.script = script;
        }

        @Override
        public mockwebserver3.MockResponse dispatch(RecordedRequest request) throws InterruptedException {
            return request.getTarget().startsWith("/upload/1") ? status(400).build() : script.dispatch(request);
        }
    }

    @Test
    void aSourceWithOtherContentIsNotCopied() {
        target.answers(
                status(404).build(),
                status(202).setHeader("Location", "/upload/1").build(),
                status(201).build());
        source.answers(status(200).body("x".repeat(CONTENT.length)).build());

        assertThatThrownBy(() -> client.copyBlob(source.repository(), target.repository(), BLOB))
                .isInstanceOf(RegistryException.InvalidContent.class)
                .hasMessageStartingWith("read blob " + BLOB.digest() + " of " + source.repository());
    }

    @Test
    void anUploadToAnotherHostDoesNotCarryTheAuthorization() throws Exception {
        target.answers(
                challenge("Basic realm=\"r\"").build(),
                status(202).setHeader("Location", source.url("/storage")).build());
        source.answers(status(201).build());

        client.putBlob(target.repository(), BLOB, BlobContent.of(CONTENT));

        target.taken();
        assertThat(Server.header(target.taken(), "Authorization")).startsWith("Basic ");
        assertThat(Server.header(source.taken(), "Authorization")).isNull();
    }

    @Test
    void aSecureRegistryCannotMoveAnUploadToPlainHttp() throws Exception {
        HeldCertificate own = new HeldCertificate.Builder()
                .addSubjectAlternativeName("localhost")
                .build();
        try (Server secure = new Server(
                        new HandshakeCertificates.Builder().heldCertificate(own).build());
                RegistryTransport trusting = new RegistryTransport(
                        new RegistryConfiguration(
                                List.of(new RegistryHost(secure.host(), List.of(), false, own.certificatePem()))),
                        Server.SETTINGS,
                        time,
                        time)) {
            secure.answers(
                    status(202).setHeader("Location", source.url("/storage")).build());
            RegistryClient secureClient = trusting.client(CredentialSource.anonymous(), Duration.ofMinutes(1));

            assertThatThrownBy(() -> secureClient.putBlob(secure.repository(), BLOB, BlobContent.of(CONTENT)))
                    .isInstanceOf(RegistryException.Untrusted.class)
                    .hasMessageContaining("plain HTTP");
            assertThat(source.requests()).isZero();
        }
    }

    @Test
    void anUploadWithoutALocationIsRefused() {
        target.answers(status(202).build());

        assertThatThrownBy(() -> client.putBlob(target.repository(), BLOB, BlobContent.of(CONTENT)))
                .isInstanceOf(RegistryException.InvalidContent.class)
                .hasMessageContaining("does not say where to upload to");
    }
}
