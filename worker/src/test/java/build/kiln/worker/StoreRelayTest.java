package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.protocol.BuildResult.ImportResult;
import build.kiln.protocol.CacheBackend.S3;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The relay between a client that plays the daemon and a server that plays the store. */
@Timeout(60)
class StoreRelayTest {
    private static final String KEY = "the-relay-s";
    private static final String BLOB = "blobs/sha256:" + "0".repeat(64);
    private static final AwsSignature SIGNATURE = new AwsSignature("AKIA-REAL", "real-secret", null);

    private final HttpClient daemon = HttpClient.newHttpClient();
    private final Map<String, byte[]> objects = new ConcurrentHashMap<>();
    private HttpServer store;
    private StoreRelay relay;
    private String address;
    private volatile String authorization = "";
    private volatile int refusal;

    @BeforeEach
    void start() throws Exception {
        store = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        store.createContext("/", this::serve);
        store.start();
        relay(true);
    }

    @AfterEach
    void stop() {
        relay.close();
        store.stop(0);
        daemon.close();
    }

    @Test
    void whatTheDaemonWritesArrivesWithTheRealSignatureAndComesBack() throws Exception {
        byte[] content = new byte[300_000];
        HttpResponse<byte[]> written =
                send(HttpRequest.newBuilder(at("c/" + BLOB)).PUT(BodyPublishers.ofByteArray(content)), KEY);
        HttpResponse<byte[]> there =
                send(HttpRequest.newBuilder(at("c/" + BLOB)).method("HEAD", BodyPublishers.noBody()), KEY);
        HttpResponse<byte[]> read = send(HttpRequest.newBuilder(at("c/" + BLOB)), KEY);

        assertThat(written.statusCode()).isEqualTo(200);
        assertThat(authorization)
                .startsWith("AWS4-HMAC-SHA256 Credential=AKIA-REAL/")
                .doesNotContain(KEY);
        assertThat(there.headers().firstValue("content-length")).hasValue("300000");
        assertThat(read.body()).isEqualTo(content);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, c/manifests/own, 404",
        "GET, c/manifests/main, 404",
        "PUT, c/manifests/own, 200",
        "PUT, c/manifests/main, 403",
        "GET, c/manifests/other, 403",
        "DELETE, c/manifests/own, 403",
        "DELETE, c/manifests/own?uploadId=1, 200",
        "POST, c/manifests/own?uploads=, 200",
        "POST, c/manifests/own?delete=, 403",
        "GET, c/blobs/sha256:x/../../manifests/other, 403",
        "GET, c/%2e%2e/other, 403",
        "GET, other, 403",
        "GET, '', 403",
    })
    void onlyTheBuildsOwnCacheIsInReach(String method, String key, int status) throws Exception {
        assertThat(send(HttpRequest.newBuilder(at(key)).method(method, BodyPublishers.noBody()), KEY)
                        .statusCode())
                .isEqualTo(status);
    }

    @Test
    void cacheThatIsOnlyReadCannotBeWritten() throws Exception {
        relay.close();
        relay(false);

        assertThat(send(HttpRequest.newBuilder(at("c/manifests/own")).PUT(BodyPublishers.ofString("{}")), KEY)
                        .statusCode())
                .isEqualTo(403);
        assertThat(objects).isEmpty();
    }

    @Test
    void buildStepThatFindsTheRelayHasNoKeyToIt() throws Exception {
        assertThat(send(HttpRequest.newBuilder(at("c/manifests/own")), "guessed")
                        .statusCode())
                .isEqualTo(403);
        assertThat(authorization).isEmpty();
    }

    @Test
    void answersOfTheStoreAreKeptForTheReport() throws Exception {
        objects.put("/bucket/c/manifests/main", "{}".getBytes(StandardCharsets.UTF_8));
        send(HttpRequest.newBuilder(at("c/manifests/own")), KEY);
        send(HttpRequest.newBuilder(at("c/manifests/main")), KEY);

        assertThat(relay.answers().manifest("own"))
                .map(StoreAnswers.Manifest::result)
                .hasValue(ImportResult.Missing);
        assertThat(relay.answers().manifest("main"))
                .map(StoreAnswers.Manifest::result)
                .hasValue(ImportResult.Imported);
        assertThat(relay.answers().lostBlob()).isEmpty();
        send(HttpRequest.newBuilder(at("c/" + BLOB)), KEY);
        assertThat(relay.answers().lostBlob()).hasValue("HTTP 404 NoSuchKey: key of AKIA");
    }

    @Test
    void refusalOfTheStoreIsPassedOnWithoutTheKey() throws Exception {
        refusal = 403;

        HttpResponse<byte[]> refused = send(HttpRequest.newBuilder(at("c/manifests/own")), KEY);

        String text = new String(refused.body(), StandardCharsets.UTF_8);
        assertThat(text).contains("<Code>SignatureDoesNotMatch</Code>").doesNotContain("AKIA-REAL", "real-secret");
        assertThat(relay.answers().manifest("own"))
                .hasValue(new StoreAnswers.Manifest(ImportResult.Failed, "HTTP 403 SignatureDoesNotMatch: key of ***"));
    }

    @Test
    void storeThatIsNotThereIsSaidToBe() throws Exception {
        store.stop(0);

        assertThat(send(HttpRequest.newBuilder(at("c/manifests/own")), KEY).statusCode())
                .isEqualTo(503);
        assertThat(relay.answers().manifest("own").orElseThrow().problem())
                .contains("it cannot be reached", "ConnectException");
    }

    private void relay(boolean export) throws IOException {
        HttpServer server = StoreRelay.listen();
        address = StoreRelay.address(server);
        S3 s3 = new S3(0, List.of("own", "main"), export, "bucket", "us-east-1", StoreRelay.address(store), "c/", true);
        relay = StoreRelay.start(new S3Store(s3, SIGNATURE, KEY), Clock.systemUTC(), server);
    }

    private URI at(String key) {
        return URI.create(address + "/bucket/" + key);
    }

    private HttpResponse<byte[]> send(HttpRequest.Builder request, String key) throws Exception {
        String credential = "AWS4-HMAC-SHA256 Credential=" + key + "/20260101/us-east-1/s3/aws4_request, Signature=0";
        return daemon.send(
                request.header("Authorization", credential).build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            authorization = exchange.getRequestHeaders().getFirst("Authorization");
            String path = exchange.getRequestURI().getPath();
            byte[] body = exchange.getRequestBody().readAllBytes();
            byte[] there = objects.get(path);
            boolean read = List.of("GET", "HEAD").contains(exchange.getRequestMethod());
            if (refusal > 0) {
                error(exchange, refusal, "SignatureDoesNotMatch", "key of AKIA-REAL");
            } else if (!read) {
                objects.put(path, body);
                exchange.sendResponseHeaders(200, -1);
            } else if (there == null) {
                error(exchange, 404, "NoSuchKey", "key of AKIA");
            } else if (exchange.getRequestMethod().equals("HEAD")) {
                exchange.getResponseHeaders().set("Content-Length", Integer.toString(there.length));
                exchange.sendResponseHeaders(200, -1);
            } else {
                exchange.sendResponseHeaders(200, there.length);
                exchange.getResponseBody().write(there);
            }
        }
    }

    private static void error(HttpExchange exchange, int status, String code, String message) throws IOException {
        byte[] body = ("<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>")
                .getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }
}
