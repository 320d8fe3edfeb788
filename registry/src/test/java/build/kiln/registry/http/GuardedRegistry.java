package build.kiln.registry.http;

import static build.kiln.registry.http.Server.body;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.auth.Credentials;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.MediaTypes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import mockwebserver3.MockResponse;

/** A scripted registry with a scripted token server, and somebody who asks for a manifest. */
final class GuardedRegistry implements AutoCloseable {
    static final byte[] BYTES = "{\"schemaVersion\":2,\"manifests\":[]}".getBytes(StandardCharsets.UTF_8);
    static final Digest DIGEST = Digest.sha256(BYTES);
    static final String PASSWORD = "correct-horse";
    static final Credentials BASIC = new Credentials.Basic("kiln", PASSWORD, "Secret shop/push");
    static final String BASIC_HEADER = "Basic a2lsbjpjb3JyZWN0LWhvcnNl";

    final TestTime time = new TestTime();
    final Server registry = new Server();
    final Server tokens = new Server();
    final RegistryTransport transport = registry.transport(time, time);

    GuardedRegistry() throws IOException {}

    RegistryClient client(Credentials credentials) {
        return client(new FixedCredentials(credentials));
    }

    RegistryClient client(CredentialSource credentials) {
        return transport.client(credentials, Duration.ofMinutes(10));
    }

    Manifest get(RegistryClient client) throws RegistryException {
        return client.getManifest(registry.repository().at(DIGEST));
    }

    /** The challenge that names the token server. */
    String bearer() {
        return "Bearer realm=\"" + tokens.url("/token")
                + "\",service=\"registry.example\",scope=\"repository:other:*\"";
    }

    static MockResponse manifest() {
        return body(BYTES, MediaTypes.OCI_INDEX).build();
    }

    static MockResponse token(String value, int seconds) throws IOException {
        return body(Server.json(Map.of("token", value, "expires_in", seconds)), "application/json")
                .build();
    }

    @Override
    public void close() {
        transport.close();
        registry.close();
        tokens.close();
    }
}
