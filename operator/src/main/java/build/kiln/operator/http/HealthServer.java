package build.kiln.operator.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers probes and scrapes: {@code /livez}, {@code /readyz}, {@code /metrics}; GET only. */
public final class HealthServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HealthServer.class);
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private HealthServer(HttpServer server) {
        this.server = server;
    }

    /**
     * Answer of a probe.
     *
     * @param ok whether all is well
     * @param detail one line per thing looked at
     */
    public record Health(boolean ok, String detail) {}

    /**
     * Starts to listen.
     *
     * @param port 0 takes a free one
     * @param liveness whether the process can still do its work; asked at each probe
     * @param readiness whether it is ready; asked at each probe
     * @param metrics the scrape in the Prometheus text format
     * @throws IOException when the port is taken
     */
    public static HealthServer start(
            int port, Supplier<Health> liveness, Supplier<Health> readiness, Supplier<String> metrics)
            throws IOException {
        // A client that stops talking must not hold a connection for ever; the server reads these once, at its start.
        System.setProperty("sun.net.httpserver.maxReqTime", "10");
        System.setProperty("sun.net.httpserver.maxRspTime", "30");
        System.setProperty("sun.net.httpserver.idleInterval", "30");
        HealthServer health = new HealthServer(HttpServer.create(new InetSocketAddress(port), 0));
        health.server.createContext("/", exchange -> answer(exchange, 404, TEXT, "not found\n"));
        health.serve("/livez", () -> probe(liveness.get()));
        health.serve("/readyz", () -> probe(readiness.get()));
        health.serve("/metrics", () -> new Answer(200, PROMETHEUS, metrics.get()));
        health.server.setExecutor(health.threads);
        health.server.start();
        return health;
    }

    /** The port that it listens on. */
    public int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private record Answer(int status, String type, String body) {}

    private void serve(String path, Supplier<Answer> answer) {
        server.createContext(path, exchange -> {
            if (!exchange.getRequestURI().getPath().equals(path)) {
                answer(exchange, 404, TEXT, "not found\n");
                return;
            }
            if (!exchange.getRequestMethod().equals("GET")) {
                exchange.getResponseHeaders().set("Allow", "GET");
                answer(exchange, 405, TEXT, "GET only\n");
                return;
            }
            Answer computed = computed(path, answer);
            answer(exchange, computed.status(), computed.type(), computed.body());
        });
    }

    private static Answer computed(String path, Supplier<Answer> answer) {
        try {
            return answer.get();
        } catch (RuntimeException e) {
            LOG.atError().addKeyValue("path", path).setCause(e).log("request failed");
            return new Answer(500, TEXT, "internal error; see the operator's log\n");
        }
    }

    private static Answer probe(Health health) {
        return new Answer(health.ok() ? 200 : 503, TEXT, health.detail() + "\n");
    }

    private static void answer(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        }
    }
}
