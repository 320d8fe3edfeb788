package build.kiln.registry.http;

import build.kiln.registry.image.Repository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.tls.HandshakeCertificates;
import okio.Buffer;
import org.jspecify.annotations.Nullable;

/** A scripted server on a free port of this machine that plays a registry, a mirror or a token server. */
final class Server implements AutoCloseable {
    static final HttpSettings SETTINGS = new HttpSettings(
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            Duration.ofSeconds(20),
            4,
            Duration.ofMillis(200),
            Duration.ofSeconds(30));

    final MockWebServer http = new MockWebServer();

    Server() throws IOException {
        http.start();
    }

    Server(HandshakeCertificates certificates) throws IOException {
        http.useHttps(certificates.sslSocketFactory());
        http.start();
    }

    String host() {
        return http.getHostName() + ":" + http.getPort();
    }

    Repository repository() {
        return new Repository(host(), "shop/api");
    }

    String url(String path) {
        return http.url(path).toString();
    }

    /** A transport that reaches this server as an insecure registry and takes its time from outside. */
    RegistryTransport transport(Clock clock, Sleeper sleeper) {
        return new RegistryTransport(
                new RegistryConfiguration(List.of(new RegistryHost(host(), List.of(), true, null))),
                SETTINGS,
                clock,
                sleeper);
    }

    Server answers(MockResponse... responses) {
        for (MockResponse response : responses) {
            http.enqueue(response);
        }
        return this;
    }

    static MockResponse.Builder status(int status) {
        return new MockResponse.Builder().code(status);
    }

    static MockResponse.Builder error(int status, String code, String message) {
        return status(status)
                .setHeader("Content-Type", "application/json")
                .body("{\"errors\":[{\"code\":\"" + code + "\",\"message\":\"" + message + "\",\"detail\":{}}]}");
    }

    static MockResponse.Builder body(byte[] bytes, String contentType) {
        return status(200).setHeader("Content-Type", contentType).body(new Buffer().write(bytes));
    }

    static MockResponse.Builder challenge(String challenge) {
        return error(401, "UNAUTHORIZED", "authentication required").setHeader("WWW-Authenticate", challenge);
    }

    /** The next request that came in; an error when there was none. */
    RecordedRequest taken() throws InterruptedException {
        return Objects.requireNonNull(http.takeRequest(10, TimeUnit.SECONDS), "no further request came in");
    }

    int requests() {
        return http.getRequestCount();
    }

    static @Nullable String header(RecordedRequest request, String name) {
        return request.getHeaders().get(name);
    }

    static @Nullable String query(RecordedRequest request, String name) {
        return request.getUrl().queryParameter(name);
    }

    static String text(RecordedRequest request) {
        return request.getBody() == null ? "" : request.getBody().string(StandardCharsets.UTF_8);
    }

    static byte[] json(Map<String, ?> members) throws IOException {
        return new com.fasterxml.jackson.databind.json.JsonMapper().writeValueAsBytes(members);
    }

    @Override
    public void close() {
        http.close();
    }
}
