package build.kiln.worker;

import build.kiln.worker.RelayedStore.Access;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Stands between the daemon and a store. BuildKit hands the credentials of a cache to the daemon, which keeps them in its history
 * and gives them to the frontend that a Dockerfile names; so the daemon gets a key to this relay alone, which is worth nothing
 * after the build. The relay lets through what the build's own cache needs, and adds the credentials.
 */
final class StoreRelay implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration READ = Duration.ofSeconds(30);
    /** The answer to an upload comes when all of it has been sent. */
    private static final Duration WRITE = Duration.ofMinutes(5);

    /** Of errors, and of what a store looks at. */
    private static final int MAX_BODY = 64 * 1024;

    private static final int FORBIDDEN = 403;
    /** BuildKit's clients try others again, each time for as long. */
    private static final int NOT_AGAIN = 424;

    private static final int UNAVAILABLE = 503;
    private static final int BAD = 400;

    /** Headers of one connection, not of what goes through it, and those of the daemon's own signature. */
    private static final Set<String> OWN_HEADERS = Set.of(
            "authorization",
            "connection",
            "content-length",
            "date",
            "expect",
            "host",
            "keep-alive",
            "transfer-encoding",
            "upgrade",
            "x-amz-date",
            "x-amz-security-token",
            "x-ms-date");

    private final RelayedStore store;
    private final InstantSource clock;
    private final StoreAnswers answers = new StoreAnswers();
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT)
            .build();

    private StoreRelay(RelayedStore store, InstantSource clock, HttpServer server) {
        this.store = store;
        this.clock = clock;
        this.server = server;
    }

    /**
     * Starts to listen where only this pod can connect.
     *
     * @param listening a server that is not started yet
     */
    static StoreRelay start(RelayedStore store, InstantSource clock, HttpServer listening) {
        StoreRelay relay = new StoreRelay(store, clock, listening);
        listening.createContext("/", relay::handle);
        listening.setExecutor(relay.threads);
        listening.start();
        return relay;
    }

    static HttpServer listen() throws IOException {
        // Without it every answer with a body waits for the acknowledgement of its headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    }

    static String address(HttpServer server) {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** What the store has said so far. */
    StoreAnswers answers() {
        return answers;
    }

    @Override
    public void close() {
        server.stop(0);
        client.shutdownNow();
        threads.shutdownNow();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String text = store.looksAtBodies()
                    ? new String(exchange.getRequestBody().readNBytes(MAX_BODY), StandardCharsets.UTF_8)
                    : "";
            RelayedRequest request = RelayedRequest.of(exchange, text);
            Access access = store.isAuthentic(request) ? store.access(request) : new Access.Denied();
            if (access instanceof Access.Denied) {
                refuse(exchange, request, FORBIDDEN, "AccessDenied", "Not a part of this build's cache.");
                return;
            }
            try {
                relay(exchange, request, access);
            } catch (HttpTimeoutException e) {
                String problem = "no answer in time";
                answers.failed(access, problem);
                refuse(exchange, request, NOT_AGAIN, "NoAnswer", problem);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void relay(HttpExchange exchange, RelayedRequest request, Access access)
            throws IOException, InterruptedException {
        HttpResponse<InputStream> response;
        try {
            response = client.send(outgoing(exchange, request), HttpResponse.BodyHandlers.ofInputStream());
        } catch (HttpTimeoutException e) {
            throw e;
        } catch (IOException e) {
            String problem = "it cannot be reached: " + e;
            answers.failed(access, problem);
            refuse(exchange, request, UNAVAILABLE, "Unreachable", problem);
            return;
        }
        response.headers().map().forEach((name, values) -> {
            if (!OWN_HEADERS.contains(name.toLowerCase(Locale.ROOT)) && !name.startsWith(":")) {
                exchange.getResponseHeaders().put(name, values);
            }
        });
        try (InputStream body = response.body()) {
            if (response.statusCode() >= BAD || store.looksAtBodies()) {
                String error = store.redacted(new String(body.readNBytes(MAX_BODY), StandardCharsets.UTF_8));
                String code = response.headers().firstValue("x-ms-error-code").orElse("");
                answers.answered(
                        access,
                        store.status(access, response.statusCode(), error),
                        error.isEmpty() && !code.isEmpty() ? "<Code>" + code + "</Code>" : error);
                send(exchange, request, response.statusCode(), error.getBytes(StandardCharsets.UTF_8));
                return;
            }
            answers.answered(access, response.statusCode(), "");
            pass(exchange, request, response, body, access);
        }
    }

    private HttpRequest outgoing(HttpExchange exchange, RelayedRequest request) {
        Map<String, String> headers = new TreeMap<>(request.headers());
        headers.keySet().removeAll(OWN_HEADERS);
        RelayedStore.Outgoing outgoing = store.outgoing(request, headers, clock.instant());
        String length = request.headers().getOrDefault("content-length", "0");
        HttpRequest.Builder builder = HttpRequest.newBuilder(outgoing.address())
                .timeout(request.isRead() ? READ : WRITE)
                .method(
                        request.method(),
                        length.equals("0") ? BodyPublishers.noBody() : body(exchange, request, Long.parseLong(length)));
        outgoing.headers().forEach((name, value) -> {
            if (!name.equals("host")) {
                builder.header(name, value);
            }
        });
        return builder.build();
    }

    private HttpRequest.BodyPublisher body(HttpExchange exchange, RelayedRequest request, long length) {
        return store.looksAtBodies()
                ? BodyPublishers.ofString(request.body())
                : BodyPublishers.fromPublisher(BodyPublishers.ofInputStream(exchange::getRequestBody), length);
    }

    private void pass(
            HttpExchange exchange,
            RelayedRequest request,
            HttpResponse<InputStream> response,
            InputStream body,
            Access access)
            throws IOException {
        long length = response.headers().firstValueAsLong("content-length").orElse(-1);
        if (request.method().equals("HEAD")) {
            if (length >= 0) {
                exchange.getResponseHeaders().set("Content-Length", Long.toString(length));
            }
            exchange.sendResponseHeaders(response.statusCode(), -1);
            return;
        }
        // To the server 0 is an unknown length, and -1 none.
        exchange.sendResponseHeaders(response.statusCode(), length == 0 ? -1 : Math.max(0, length));
        if (length == 0) {
            return;
        }
        try (OutputStream out = exchange.getResponseBody()) {
            body.transferTo(out);
        } catch (IOException e) {
            answers.failed(access, "the connection broke: " + e.getMessage());
            throw e;
        }
    }

    private void refuse(HttpExchange exchange, RelayedRequest request, int status, String code, String message)
            throws IOException {
        // Azure's clients look nowhere else.
        exchange.getResponseHeaders().set("x-ms-error-code", code);
        exchange.getResponseHeaders().set("Content-Type", "application/xml");
        String text = "<Error><Code>" + code + "</Code><Message>" + store.title() + ": "
                + message.replace("&", "&amp;").replace("<", "&lt;") + "</Message></Error>";
        send(exchange, request, status, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void send(HttpExchange exchange, RelayedRequest request, int status, byte[] body)
            throws IOException {
        boolean none = body.length == 0 || request.method().equals("HEAD");
        exchange.sendResponseHeaders(status, none ? -1 : body.length);
        if (!none) {
            exchange.getResponseBody().write(body);
        }
    }
}
