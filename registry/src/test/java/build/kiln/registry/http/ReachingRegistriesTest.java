package build.kiln.registry.http;

import static build.kiln.registry.http.Server.body;
import static build.kiln.registry.http.Server.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.MediaTypes;
import build.kiln.registry.image.Repository;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import mockwebserver3.MockResponse;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Mirrors, certificates, and registries that cannot be reached. */
class ReachingRegistriesTest {
    private static final byte[] BYTES = "{\"schemaVersion\":2,\"manifests\":[]}".getBytes(StandardCharsets.UTF_8);
    private static final Digest DIGEST = Digest.sha256(BYTES);

    private final TestTime time = new TestTime();

    private RegistryTransport transport(RegistryHost... hosts) {
        return new RegistryTransport(new RegistryConfiguration(List.of(hosts)), Server.SETTINGS, time, time);
    }

    private static RegistryClient client(RegistryTransport transport) {
        return transport.client(CredentialSource.anonymous(), Duration.ofMinutes(1));
    }

    private static MockResponse manifest() {
        return body(BYTES, MediaTypes.OCI_INDEX).build();
    }

    private static RegistryHost insecure(Server server, String... mirrors) {
        return new RegistryHost(server.host(), List.of(mirrors), true, null);
    }

    private static MockResponse head() {
        return status(200).setHeader("Docker-Content-Digest", DIGEST).build();
    }

    @Test
    void aTagIsLookedUpInTheMirrorsFirstInTheirOrder() throws Exception {
        try (Server upstream = new Server();
                Server first = new Server();
                Server second = new Server();
                RegistryTransport transport = transport(
                        insecure(upstream, first.host(), second.host() + "/proxy"),
                        insecure(first),
                        insecure(second))) {
            first.answers(status(404).build());
            second.answers(head());

            assertThat(client(transport).resolve(upstream.repository().tagged("1")))
                    .isEqualTo(DIGEST);

            assertThat(first.taken().getTarget()).isEqualTo("/v2/shop/api/manifests/1");
            var asked = second.taken();
            assertThat(asked.getTarget()).isEqualTo("/v2/proxy/shop/api/manifests/1");
            assertThat(asked.getMethod()).isEqualTo("HEAD");
            assertThat(upstream.requests()).isZero();
        }
    }

    @Test
    void aMirrorThatFailsOrSaysNothingIsPassedOver() throws Exception {
        try (Server upstream = new Server();
                Server silent = new Server();
                Server failing = new Server();
                RegistryTransport transport = transport(
                        insecure(upstream, silent.host(), failing.host(), "mirror.invalid"),
                        insecure(silent),
                        insecure(failing))) {
            silent.answers(
                    status(200).setHeader("Docker-Content-Digest", "none").build());
            failing.answers(status(503).build());
            upstream.answers(head());

            assertThat(client(transport).resolve(upstream.repository().tagged("1")))
                    .isEqualTo(DIGEST);
            assertThat(failing.requests()).isOne();
            assertThat(time.waits()).isEmpty();
        }
    }

    @Test
    void aRegistryThatDoesNotNameTheDigestIsAskedForTheManifest() throws Exception {
        try (Server registry = new Server();
                RegistryTransport transport = transport(insecure(registry))) {
            registry.answers(
                    status(200).build(),
                    manifest(),
                    status(404).build(),
                    status(404).build());
            RegistryClient client = client(transport);

            assertThat(client.resolve(registry.repository().tagged("1"))).isEqualTo(DIGEST);
            assertThatThrownBy(() -> client.resolve(registry.repository().tagged("2")))
                    .isInstanceOf(RegistryException.NotFound.class);
        }
    }

    @Test
    void whatWasPushedIsNotLookedForInMirrors() throws Exception {
        try (Server upstream = new Server();
                Server mirror = new Server();
                RegistryTransport transport = transport(insecure(upstream, mirror.host()), insecure(mirror))) {
            upstream.answers(manifest(), status(200).build(), status(201).build());
            RegistryClient client = client(transport);

            client.getManifest(upstream.repository().at(DIGEST));
            client.hasManifest(upstream.repository(), DIGEST);
            client.putManifest(
                    upstream.repository().tagged("1"),
                    Manifest.of(BYTES, MediaTypes.OCI_INDEX, Digest.Algorithm.SHA256));

            assertThat(mirror.requests()).isZero();
        }
    }

    @Test
    void aRegistryIsTrustedByItsConfiguredCertificateOnly() throws Exception {
        HeldCertificate ca = new HeldCertificate.Builder()
                .certificateAuthority(0)
                .commonName("shop CA")
                .build();
        HeldCertificate leaf = new HeldCertificate.Builder()
                .signedBy(ca)
                .addSubjectAlternativeName("localhost")
                .build();
        try (Server server = new Server(new HandshakeCertificates.Builder()
                        .heldCertificate(leaf)
                        .build());
                RegistryTransport trusting =
                        transport(new RegistryHost(server.host(), List.of(), false, ca.certificatePem()));
                RegistryTransport strange = transport()) {
            server.answers(manifest());

            assertThat(client(trusting)
                            .getManifest(server.repository().at(DIGEST))
                            .digest())
                    .isEqualTo(DIGEST);
            assertThatThrownBy(() ->
                            client(strange).getManifest(server.repository().at(DIGEST)))
                    .isInstanceOf(RegistryException.Untrusted.class)
                    .hasMessageContaining("TLS with " + server.host() + " failed: ");
            assertThat(time.waits()).isEmpty();
        }
    }

    @Test
    void plainHttpBehindAnHttpsNameIsExplained() throws Exception {
        try (ServerSocket plain = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                RegistryTransport transport = transport()) {
            Thread.ofVirtual().start(() -> answerInPlainText(plain));
            Repository repository = new Repository("localhost:" + plain.getLocalPort(), "shop/api");

            assertThatThrownBy(() -> client(transport).getManifest(repository.at(DIGEST)))
                    .isInstanceOf(RegistryException.Untrusted.class)
                    .hasMessageContaining("does not speak TLS, but maybe plain HTTP");
        }
    }

    /** What servers written in Go answer to a TLS handshake on a plain port. */
    private static void answerInPlainText(ServerSocket server) {
        try {
            while (true) {
                try (Socket socket = server.accept()) {
                    socket.getInputStream().read();
                    socket.getOutputStream()
                            .write("HTTP/1.0 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                }
            }
        } catch (IOException e) {
            // The test is over.
            assertThat(server.isClosed()).isTrue();
        }
    }

    @Test
    void unknownHostsAndClosedPortsAreNamed() throws IOException {
        Repository closed;
        try (Server server = new Server()) {
            closed = server.repository();
        }
        try (RegistryTransport transport = transport(new RegistryHost(closed.registry(), List.of(), true, null))) {
            assertThatThrownBy(() -> client(transport).getManifest(closed.at(DIGEST)))
                    .isInstanceOf(RegistryException.Unreachable.class)
                    .hasMessageContaining("read manifest of " + closed.at(DIGEST) + ": no connection to");
            assertThatThrownBy(() -> client(transport)
                            .getManifest(Repository.parse("registry.invalid/shop/api")
                                    .at(DIGEST)))
                    .isInstanceOf(RegistryException.Unreachable.class)
                    .hasMessageContaining("the host name registry.invalid is unknown")
                    .satisfies(e ->
                            assertThat(((RegistryException) e).isRetryable()).isTrue());
            assertThat(time.waits()).hasSize(2 * (Server.SETTINGS.attempts() - 1));
        }
    }

    @Test
    void theConfigurationIsReadFromItsFile() throws IOException {
        RegistryHost host = new JsonMapper().readValue("{\"host\":\"docker.io\"}", RegistryHost.class);

        assertThat(host).isEqualTo(new RegistryHost("docker.io", List.of(), false, null));
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://docker.io", "docker.io/library", "", "a b"})
    void aHostThatIsNoneIsNamed(String host) {
        assertThatThrownBy(() -> new RegistryHost(host, List.of(), false, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("registries, host " + host + ": ");
    }

    @Test
    void brokenEntriesAreNamed() {
        assertThatThrownBy(() -> new RegistryHost("docker.io", List.of("http://mirror"), false, null))
                .hasMessageContaining("registries, host docker.io: ");
        assertThatThrownBy(() -> new RegistryHost("docker.io", List.of(), false, "not a certificate"))
                .hasMessageContaining("registries, host docker.io: \"ca\" is not one or more PEM certificates");
        RegistryHost host = new RegistryHost("docker.io", List.of(), false, null);
        assertThatThrownBy(() -> new RegistryConfiguration(List.of(host, host)))
                .hasMessageContaining("more than one entry");
    }
}
