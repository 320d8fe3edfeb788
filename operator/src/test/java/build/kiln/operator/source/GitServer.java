package build.kiln.operator.source;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** git's own server program behind HTTP: the real protocol, without a web server. */
final class GitServer implements AutoCloseable {
    private final Path root;
    private final HttpServer server;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final List<String> authorizations = new CopyOnWriteArrayList<>();
    private final List<String> protocols = new CopyOnWriteArrayList<>();

    GitServer(Path root) throws IOException {
        this.root = root;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(executor);
        server.createContext("/", this::backend);
        server.createContext("/private/", this::guarded);
        server.start();
    }

    String url(String path) {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/" + path;
    }

    /** Adds an address of its own with a fixed behaviour. */
    void answer(String path, com.sun.net.httpserver.HttpHandler handler) {
        server.createContext("/" + path, handler);
    }

    List<String> authorizations() {
        return authorizations;
    }

    /** Values of the header that asks for a version of the protocol. */
    List<String> protocols() {
        return protocols;
    }

    private void guarded(HttpExchange exchange) throws IOException {
        String given = exchange.getRequestHeaders().getFirst("Authorization");
        String wanted = "Basic " + Base64.getEncoder().encodeToString("user:hunter2".getBytes(StandardCharsets.UTF_8));
        if (wanted.equals(given)) {
            backend(exchange);
            return;
        }
        exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"git\"");
        exchange.sendResponseHeaders(401, -1);
        exchange.close();
    }

    private void backend(HttpExchange exchange) throws IOException {
        authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
        String protocol =
                Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst("Git-Protocol"), "");
        protocols.add(protocol);
        ProcessBuilder program = new ProcessBuilder("git", "http-backend");
        program.environment()
                .putAll(Map.of(
                        "GIT_PROJECT_ROOT",
                        root.toString(),
                        "GIT_HTTP_EXPORT_ALL",
                        "1",
                        "GIT_PROTOCOL",
                        protocol,
                        "REQUEST_METHOD",
                        exchange.getRequestMethod(),
                        "PATH_INFO",
                        exchange.getRequestURI().getPath(),
                        "QUERY_STRING",
                        Objects.requireNonNullElse(exchange.getRequestURI().getQuery(), ""),
                        "CONTENT_TYPE",
                        Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst("Content-Type"), ""),
                        "HTTP_CONTENT_ENCODING",
                        Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst("Content-Encoding"), ""),
                        "REMOTE_ADDR",
                        "127.0.0.1"));
        Process process = program.start();
        try (exchange) {
            exchange.getRequestBody().transferTo(process.getOutputStream());
            process.getOutputStream().close();
            relay(process.getInputStream(), exchange);
        }
    }

    private static void relay(InputStream answer, HttpExchange exchange) throws IOException {
        int status = 200;
        for (String line = line(answer); !line.isEmpty(); line = line(answer)) {
            String name = line.substring(0, line.indexOf(':'));
            String value = line.substring(name.length() + 1).strip();
            if (name.equals("Status")) {
                status = Integer.parseInt(value.substring(0, 3));
            } else {
                exchange.getResponseHeaders().set(name, value);
            }
        }
        byte[] body = answer.readAllBytes();
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            line.write(c);
        }
        return line.toString(StandardCharsets.US_ASCII).stripTrailing();
    }

    @Override
    public void close() {
        server.stop(0);
        executor.shutdownNow();
    }
}
