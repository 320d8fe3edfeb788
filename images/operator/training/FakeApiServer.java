import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * Plays the Kubernetes API server in the operator's training run: stores what it is given, lists it, and sends changes to those
 * who watch, over the protocols of the real one (HTTP/1.1 over TLS, watches over WebSocket). No schema, no validation.
 *
 * <p>Arguments: key store (PKCS#12, password {@code training}), folder for the files {@code port} and {@code done}, number of Pods
 * to wait for, files with the objects it starts with. The file {@code done} appears once that many Pods have been created and a
 * status was written after the last one.
 */
final class FakeApiServer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, section 1.3

    private final Map<String, ObjectNode> objects = new LinkedHashMap<>();
    private final List<Watch> watches = new ArrayList<>();
    private final CountDownLatch done = new CountDownLatch(1);
    private int podsExpected;
    private int version = 100;

    /** Someone who watches the objects whose path starts and ends with the parts of a collection's path. */
    private record Watch(Collection collection, OutputStream out, boolean webSocket) {}

    /** {@code /apis/GROUP/VERSION[/namespaces/NAMESPACE]/RESOURCE}. */
    private record Collection(String prefix, String namespace, String resource) {
        boolean contains(String path) {
            return path.startsWith(prefix + "/")
                    && path.contains("/" + resource + "/")
                    && (namespace.isEmpty() || path.contains("/namespaces/" + namespace + "/"));
        }
    }

    private record Request(String method, String path, Map<String, String> query, Map<String, String> headers, JsonNode body) {}

    public static void main(String[] arguments) throws Exception {
        FakeApiServer server = new FakeApiServer();
        server.podsExpected = Integer.parseInt(arguments[2]);
        for (int i = 3; i < arguments.length; i++) {
            ObjectNode object = (ObjectNode) JSON.readTree(Path.of(arguments[i]).toFile());
            server.create(object.remove("training-path").asText(), object);
        }
        ServerSocket socket = tls(Path.of(arguments[0])).getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Path folder = Path.of(arguments[1]);
        Files.writeString(folder.resolve("port"), String.valueOf(socket.getLocalPort()));
        Thread.ofPlatform().start(() -> server.accept(socket));
        server.done.await();
        Files.createFile(folder.resolve("done"));
    }

    private static SSLContext tls(Path keyStore) throws Exception {
        char[] password = "training".toCharArray();
        KeyStore keys = KeyStore.getInstance(keyStore.toFile(), password);
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    private void accept(ServerSocket server) {
        while (true) {
            try {
                Socket client = server.accept();
                Thread.ofVirtual().start(() -> serve(client));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            InputStream in = new BufferedInputStream(client.getInputStream());
            OutputStream out = client.getOutputStream();
            for (Request request = read(in); request != null; request = read(in)) {
                System.err.println(request.method + " " + request.path + " " + request.query);
                if (request.query.containsKey("watch")) {
                    watch(request, in, out);
                    return;
                }
                answer(request, out);
            }
        } catch (IOException e) {
            System.err.println("connection ended: " + e.getMessage());
        }
    }

    private synchronized void answer(Request request, OutputStream out) throws IOException {
        String path = request.path;
        boolean status = path.endsWith("/status");
        String target = status ? path.substring(0, path.length() - "/status".length()) : path;
        switch (request.method) {
            case "GET" -> {
                ObjectNode found = objects.get(target);
                if (found == null && isObject(target)) {
                    respond(out, 404, failure("NotFound", 404));
                } else {
                    respond(out, 200, found == null ? list(collection(target)) : found);
                }
            }
            case "POST" -> {
                ObjectNode object = (ObjectNode) request.body;
                if (path.endsWith("/selfsubjectrulesreviews")) {
                    object.putObject("status").putArray("resourceRules").add(JSON.readTree(
                            """
                            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}"""));
                }
                String name = object.path("metadata").path("name").asText();
                respond(out, 201, create(path + "/" + (name.isEmpty() ? UUID.randomUUID() : name), object));
            }
            case "PUT", "PATCH" -> {
                ObjectNode old = objects.get(target);
                ObjectNode changed = old == null ? JSON.createObjectNode() : old.deepCopy();
                if (request.body.isObject()) {
                    merge(changed, (ObjectNode) request.body);
                }
                respond(out, 200, store(target, changed, old == null ? "ADDED" : "MODIFIED"));
                if (status && pods() >= podsExpected) {
                    done.countDown();
                }
            }
            case "DELETE" -> {
                ObjectNode old = objects.remove(target);
                if (old != null) {
                    send(target, "DELETED", old);
                }
                respond(out, old == null ? 404 : 200, old == null ? failure("NotFound", 404) : old);
            }
            default -> respond(out, 405, failure("MethodNotAllowed", 405));
        }
    }

    /** RFC 7396. Good enough for replacing and applying too: nothing is ever taken out by leaving it out. */
    private static void merge(ObjectNode target, ObjectNode patch) {
        patch.properties().forEach(entry -> {
            JsonNode value = entry.getValue();
            if (value.isNull()) {
                target.remove(entry.getKey());
            } else if (value.isObject()) {
                JsonNode nested = target.get(entry.getKey());
                merge(nested instanceof ObjectNode node ? node : target.putObject(entry.getKey()), (ObjectNode) value);
            } else {
                target.set(entry.getKey(), value);
            }
        });
    }

    private ObjectNode create(String path, ObjectNode object) throws IOException {
        ObjectNode metadata = object.withObject("/metadata");
        metadata.put("uid", UUID.nameUUIDFromBytes(path.getBytes(StandardCharsets.UTF_8)).toString());
        metadata.put("generation", 1);
        metadata.put("creationTimestamp", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        return store(path, object, "ADDED");
    }

    private synchronized ObjectNode store(String path, ObjectNode object, String change) throws IOException {
        object.withObject("/metadata").put("resourceVersion", String.valueOf(++version));
        objects.put(path, object);
        send(path, change, object);
        return object;
    }

    private long pods() {
        return objects.keySet().stream().filter(path -> path.contains("/pods/")).count();
    }

    private ObjectNode list(Collection collection) {
        ObjectNode list = JSON.createObjectNode();
        list.put("kind", "List").put("apiVersion", "v1").putObject("metadata").put("resourceVersion", String.valueOf(version));
        var items = list.putArray("items");
        objects.forEach((path, object) -> {
            if (collection.contains(path)) {
                items.add(object);
            }
        });
        return list;
    }

    private static ObjectNode failure(String reason, int code) {
        return JSON.createObjectNode().put("kind", "Status").put("apiVersion", "v1").put("status", "Failure")
                .put("reason", reason).put("code", code);
    }

    private static final Set<String> RESOURCES =
            Set.of("imagebuilds", "pods", "nodes", "leases", "events", "secrets", "serviceaccounts", "namespaces", "priorityclasses", "configmaps", "persistentvolumeclaims",
                    "customresourcedefinitions");

    private static boolean isObject(String path) {
        return !RESOURCES.contains(path.substring(path.lastIndexOf('/') + 1));
    }

    private static Collection collection(String path) {
        List<String> parts = List.of(path.substring(1).split("/"));
        int head = parts.getFirst().equals("api") ? 2 : 3;
        String namespace = parts.size() > head + 2 ? parts.get(head + 1) : "";
        return new Collection("/" + String.join("/", parts.subList(0, Math.min(head, parts.size()))), namespace, parts.getLast());
    }

    private void watch(Request request, InputStream in, OutputStream out) throws IOException {
        String key = request.headers.get("sec-websocket-key");
        String head = key == null
                ? "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                : "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                        + accepted(key) + "\r\n\r\n";
        synchronized (this) {
            out.write(head.getBytes(StandardCharsets.US_ASCII));
            out.flush();
            watches.add(new Watch(collection(request.path), out, key != null));
        }
        in.transferTo(OutputStream.nullOutputStream());
    }

    private static String accepted(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest((key + ACCEPT_SUFFIX).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(digest);
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private void send(String path, String change, ObjectNode object) throws IOException {
        ObjectNode event = JSON.createObjectNode().put("type", change);
        event.set("object", object);
        byte[] payload = (event + "\n").getBytes(StandardCharsets.UTF_8);
        for (Watch watch : List.copyOf(watches)) {
            if (!watch.collection.contains(path)) {
                continue;
            }
            try {
                watch.out.write(watch.webSocket ? frameHead(payload.length) : chunkHead(payload.length));
                watch.out.write(payload);
                if (!watch.webSocket) {
                    watch.out.write(new byte[] {'\r', '\n'});
                }
                watch.out.flush();
            } catch (IOException e) {
                watches.remove(watch);
            }
        }
    }

    /** A final, unmasked text frame (RFC 6455, section 5.2). */
    private static byte[] frameHead(int length) {
        if (length < 126) {
            return new byte[] {(byte) 0x81, (byte) length};
        }
        if (length < 65536) {
            return new byte[] {(byte) 0x81, 126, (byte) (length >> 8), (byte) length};
        }
        return new byte[] {
            (byte) 0x81, 127, 0, 0, 0, 0, (byte) (length >> 24), (byte) (length >> 16), (byte) (length >> 8), (byte) length
        };
    }

    private static byte[] chunkHead(int length) {
        return (Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    private static void respond(OutputStream out, int code, JsonNode body) throws IOException {
        byte[] payload = JSON.writeValueAsBytes(body);
        out.write(("HTTP/1.1 " + code + " Training\r\nContent-Type: application/json\r\nContent-Length: " + payload.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        out.write(payload);
        out.flush();
    }

    private static Request read(InputStream in) throws IOException {
        String first = line(in);
        if (first == null || first.isEmpty()) {
            return null;
        }
        Map<String, String> headers = new LinkedHashMap<>();
        for (String header = line(in); header != null && !header.isEmpty(); header = line(in)) {
            int colon = header.indexOf(':');
            headers.put(header.substring(0, colon).toLowerCase(Locale.ROOT), header.substring(colon + 1).strip());
        }
        byte[] body = in.readNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0")));
        String[] parts = first.split(" ");
        URI uri = URI.create(parts[1]);
        return new Request(parts[0], uri.getPath(), query(uri), headers, body.length == 0 ? JSON.createObjectNode() : JSON.readTree(body));
    }

    private static Map<String, String> query(URI uri) {
        Map<String, String> query = new LinkedHashMap<>();
        if (uri.getRawQuery() != null) {
            for (String pair : uri.getRawQuery().split("&")) {
                String[] parts = pair.split("=", 2);
                query.put(parts[0], parts.length == 1 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
            }
        }
        if ("false".equals(query.get("watch"))) {
            query.remove("watch");
        }
        return query;
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                return null;
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }
}
