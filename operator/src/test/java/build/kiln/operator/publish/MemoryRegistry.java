package build.kiln.operator.publish;

import build.kiln.registry.image.Digest;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** As much of a registry as publishing needs: manifests and blobs of one repository, behind a password. */
final class MemoryRegistry implements AutoCloseable {
    static final String REPOSITORY = "shop/api";

    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String ROOT = "/v2/" + REPOSITORY;

    private record Content(String mediaType, String text) {
        byte[] bytes() {
            return text.getBytes(StandardCharsets.UTF_8);
        }
    }

    private final Map<String, Content> contents = new ConcurrentHashMap<>();
    private final HttpServer server;
    private volatile int failure;
    private volatile String explanation = "";

    MemoryRegistry() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::handle);
        server.start();
    }

    String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** From now on every request that may pass is answered with a status. */
    void failWith(int status) {
        failure = status;
    }

    /** From now on there is no such repository (OCI distribution specification, error code NAME_UNKNOWN). */
    void forgetRepository() {
        failure = 404;
        explanation = "{\"errors\": [{\"code\": \"NAME_UNKNOWN\", \"message\": \"no such repository\"}]}";
    }

    @Nullable
    String tag(String tag) {
        Content content = contents.get("/manifests/" + tag);
        return content == null ? null : Digest.sha256(content.bytes()).toString();
    }

    String manifest(String reference) {
        return contents.getOrDefault("/manifests/" + reference, new Content("", ""))
                .text();
    }

    /** Every tag. */
    List<String> tags() {
        return contents.keySet().stream()
                .filter(key -> key.startsWith("/manifests/") && !key.contains("sha256:"))
                .map(key -> key.substring("/manifests/".length()))
                .sorted()
                .toList();
    }

    /** Forgets a manifest, as a clean-up would. */
    void remove(String digest) {
        contents.remove("/manifests/" + digest);
    }

    /** Pushes an image of a platform by digest, as a worker does. */
    PlatformResult push(String platform) {
        return push(platform, platform);
    }

    /** Pushes an image of a platform as the result of another. */
    PlatformResult push(String content, String platform) {
        String architecture = content.split("/", -1)[1];
        Content config =
                new Content("application/octet-stream", "{\"os\":\"linux\",\"architecture\":\"" + architecture + "\"}");
        Digest configDigest = Digest.sha256(config.bytes());
        contents.put("/blobs/" + configDigest, config);
        Content manifest = new Content(
                MANIFEST,
                "{\"schemaVersion\":2,\"mediaType\":\"" + MANIFEST
                        + "\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\""
                        + configDigest + "\",\"size\":" + config.bytes().length + "},\"layers\":[]}");
        Digest digest = Digest.sha256(manifest.bytes());
        contents.put("/manifests/" + digest, manifest);
        return new PlatformResult(platform, digest.toString(), MANIFEST, manifest.bytes().length);
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String given = exchange.getRequestHeaders().getFirst("Authorization");
            if (!("Basic " + Base64.getEncoder().encodeToString("user:hunter2".getBytes(StandardCharsets.UTF_8)))
                    .equals(given)) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"registry\"");
                exchange.sendResponseHeaders(401, -1);
            } else if (failure != 0) {
                byte[] body = explanation.getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.sendResponseHeaders(failure, body.length == 0 ? -1 : body.length);
                exchange.getResponseBody().write(body);
            } else if (exchange.getRequestMethod().equals("PUT")) {
                put(exchange);
            } else if (exchange.getRequestMethod().equals("DELETE")) {
                delete(exchange);
            } else {
                get(exchange);
            }
        }
    }

    private void put(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        Digest digest = Digest.sha256(body);
        String mediaType = exchange.getRequestHeaders().getFirst("Content-Type");
        Content content = new Content(mediaType, new String(body, StandardCharsets.UTF_8));
        contents.put(key(exchange), content);
        contents.put("/manifests/" + digest, content);
        exchange.getResponseHeaders().set("Docker-Content-Digest", digest.toString());
        exchange.sendResponseHeaders(201, -1);
    }

    /** With a manifest go its tags; a tag alone cannot be deleted. */
    private void delete(HttpExchange exchange) throws IOException {
        Content content = contents.get(key(exchange));
        boolean byDigest = key(exchange).contains("sha256:");
        if (byDigest && content != null) {
            contents.values().removeIf(content::equals);
        }
        exchange.sendResponseHeaders(!byDigest ? 405 : content == null ? 404 : 202, -1);
    }

    private void get(HttpExchange exchange) throws IOException {
        Content content = contents.get(key(exchange));
        if (content == null) {
            exchange.sendResponseHeaders(404, -1);
            return;
        }
        exchange.getResponseHeaders().set("Content-Type", content.mediaType());
        exchange.getResponseHeaders()
                .set("Docker-Content-Digest", Digest.sha256(content.bytes()).toString());
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", String.valueOf(content.bytes().length));
            exchange.sendResponseHeaders(200, -1);
        } else {
            exchange.sendResponseHeaders(200, content.bytes().length);
            exchange.getResponseBody().write(content.bytes());
        }
    }

    private static String key(HttpExchange exchange) {
        String path = exchange.getRequestURI().getPath();
        return path.startsWith(ROOT) ? path.substring(ROOT.length()) : path;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
