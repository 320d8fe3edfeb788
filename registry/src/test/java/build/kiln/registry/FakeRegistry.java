package build.kiln.registry;

import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Repository;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okio.Buffer;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/** A registry in memory that keeps what is pushed, remembers what was asked, and can be told to fail. */
final class FakeRegistry extends Dispatcher implements AutoCloseable {
    private static final Pattern TARGET = Pattern.compile(
            "/v2/(?<repository>.+)/(?<kind>manifests|blobs|blobs/uploads)/(?<reference>[^/?]*)(\\?.*)?");

    /** Decides about a request before the registry does. */
    @FunctionalInterface
    interface Fault {
        @Nullable
        MockResponse answer(String method, String target);
    }

    private record Content(ByteString bytes, String mediaType) {}

    private final MockWebServer server = new MockWebServer();
    private final Map<String, Content> contents = new ConcurrentHashMap<>();
    private final List<String> log = new CopyOnWriteArrayList<>();
    private volatile Fault fault = (method, target) -> null;

    FakeRegistry() throws IOException {
        server.setDispatcher(this);
        server.start();
    }

    String host() {
        return server.getHostName() + ":" + server.getPort();
    }

    Repository repository(String path) {
        return new Repository(host(), path);
    }

    /** Every request, as {@code METHOD repository/kind/reference}. */
    List<String> log() {
        return log;
    }

    void fault(Fault fault) {
        this.fault = fault;
    }

    void putManifest(String repository, String reference, byte[] bytes, String mediaType) {
        contents.put(repository + "/manifests/" + reference, new Content(ByteString.of(bytes), mediaType));
    }

    void putBlob(String repository, byte[] bytes) {
        contents.put(
                repository + "/blobs/" + Digest.sha256(bytes),
                new Content(ByteString.of(bytes), "application/octet-stream"));
    }

    /** The digest that a tag points at; null when there is no such tag. */
    @Nullable
    Digest tag(String repository, String tag) {
        Content content = contents.get(repository + "/manifests/" + tag);
        return content == null ? null : Digest.sha256(content.bytes().toByteArray());
    }

    boolean holds(String key) {
        return contents.containsKey(key);
    }

    @Override
    public MockResponse dispatch(RecordedRequest request) {
        String path = request.getUrl().encodedPath();
        log.add(request.getMethod() + " " + path.substring("/v2/".length()));
        MockResponse planned = fault.answer(request.getMethod(), path);
        Matcher target = TARGET.matcher(request.getTarget());
        if (planned != null || !target.matches()) {
            return planned == null ? status(404) : planned;
        }
        String key = target.group("repository") + "/" + target.group("kind") + "/" + target.group("reference");
        return switch (request.getMethod()) {
            case "GET", "HEAD" -> read(key, request.getMethod().equals("HEAD"));
            case "POST" -> upload(request, target.group("repository"));
            case "PUT" -> write(request, key, target.group("repository"));
            default -> status(405);
        };
    }

    private MockResponse read(String key, boolean head) {
        Content content = contents.get(key);
        if (content == null) {
            return status(404);
        }
        MockResponse.Builder response = new MockResponse.Builder().code(200);
        if (!head) {
            response.body(new Buffer().write(content.bytes()));
        }
        return response.setHeader("Content-Type", content.mediaType()).build();
    }

    private MockResponse upload(RecordedRequest request, String repository) {
        String mount = request.getUrl().queryParameter("mount");
        String from = request.getUrl().queryParameter("from");
        Content source = contents.get(from + "/blobs/" + mount);
        if (source != null) {
            contents.put(repository + "/blobs/" + mount, source);
            return status(201);
        }
        return new MockResponse.Builder()
                .code(202)
                .setHeader("Location", "/v2/" + repository + "/blobs/uploads/1")
                .build();
    }

    private MockResponse write(RecordedRequest request, String key, String repository) {
        ByteString bytes = request.getBody() == null ? ByteString.EMPTY : request.getBody();
        String blob = request.getUrl().queryParameter("digest");
        String mediaType = String.valueOf(request.getHeaders().get("Content-Type"));
        contents.put(blob == null ? key : repository + "/blobs/" + blob, new Content(bytes, mediaType));
        if (blob == null) {
            String byDigest = repository + "/manifests/" + Digest.sha256(bytes.toByteArray());
            contents.put(byDigest, new Content(bytes, mediaType));
        }
        return status(201);
    }

    static MockResponse status(int status) {
        return new MockResponse.Builder().code(status).build();
    }

    @Override
    public void close() {
        server.close();
    }
}
