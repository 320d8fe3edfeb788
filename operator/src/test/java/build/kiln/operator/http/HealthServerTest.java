package build.kiln.operator.http;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.operator.http.HealthServer.Health;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HealthServerTest {
    private final AtomicReference<Health> readiness = new AtomicReference<>(new Health(true, "ok"));
    private final OkHttpClient client = new OkHttpClient();
    private HealthServer server;

    HealthServerTest() throws IOException {
        server = start();
    }

    @BeforeEach
    void isReady() {
        readiness.set(new Health(true, "ok"));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void saysWhyItIsNotReady() throws IOException {
        readiness.set(new Health(false, "not in sync: [nodes]"));

        try (Response response = get("/readyz")) {
            assertThat(response.code()).isEqualTo(503);
            assertThat(response.body().string()).isEqualTo("not in sync: [nodes]\n");
        }
    }

    @Test
    void servesMetricsInThePrometheusFormat() throws IOException {
        try (Response response = get("/metrics")) {
            assertThat(response.code()).isEqualTo(200);
            assertThat(response.header("Content-Type")).startsWith("text/plain; version=0.0.4");
            assertThat(response.body().string()).isEqualTo("kiln_builds_running 1.0\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/livez", "/readyz", "/metrics"})
    void takesNothingButGet(String path) throws IOException {
        Request request = new Request.Builder()
                .url(url(path))
                .post(RequestBody.create(new byte[] {1}))
                .build();

        try (Response response = client.newCall(request).execute()) {
            assertThat(response.code()).isEqualTo(405);
            assertThat(response.header("Allow")).isEqualTo("GET");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/metrics/more", "/livez2", "/debug"})
    void hasNothingElseToShow(String path) throws IOException {
        try (Response response = get(path)) {
            assertThat(response.code()).isEqualTo(404);
        }
    }

    @Test
    void answersAFailedProbeAsAnErrorInsteadOfHangingUp() throws IOException {
        server.close();
        server = HealthServer.start(
                0,
                () -> {
                    throw new IllegalStateException("boom");
                },
                readiness::get,
                () -> "");

        try (Response response = get("/livez")) {
            assertThat(response.code()).isEqualTo(500);
            assertThat(response.body().string()).doesNotContain("boom");
        }
    }

    private HealthServer start() throws IOException {
        return HealthServer.start(0, () -> new Health(true, "ok"), readiness::get, () -> "kiln_builds_running 1.0\n");
    }

    private Response get(String path) throws IOException {
        return client.newCall(new Request.Builder().url(url(path)).build()).execute();
    }

    private String url(String path) {
        return "http://localhost:" + server.port() + path;
    }
}
