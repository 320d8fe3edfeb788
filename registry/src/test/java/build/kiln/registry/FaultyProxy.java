package build.kiln.registry;

import build.kiln.registry.image.Repository;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.Buffer;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/** Stands in front of a registry, passes everything on, and can be told to answer itself or to spoil answers. */
final class FaultyProxy extends Dispatcher implements AutoCloseable {
    private final MockWebServer server = new MockWebServer();
    private final OkHttpClient client =
            new OkHttpClient.Builder().followRedirects(false).build();
    private final String upstream;
    private final List<RecordedRequest> received = new CopyOnWriteArrayList<>();
    private volatile Fault fault = Fault.NONE;

    /** Decides about a request. */
    @FunctionalInterface
    interface Fault {
        Fault NONE = (request, registry) -> null;

        /** Null to pass the request on. */
        @Nullable
        MockResponse answer(RecordedRequest request, Upstream registry);
    }

    /** The registry behind the proxy. */
    @FunctionalInterface
    interface Upstream {
        /** What the registry answers to a request. */
        MockResponse.Builder ask(RecordedRequest request);
    }

    FaultyProxy(String upstream) throws IOException {
        this.upstream = upstream;
        server.setDispatcher(this);
        server.start();
    }

    String host() {
        return server.getHostName() + ":" + server.getPort();
    }

    String url(String path) {
        return server.url(path).toString();
    }

    Repository repository(String path) {
        return new Repository(host(), path);
    }

    /** Every request that came in. */
    List<RecordedRequest> received() {
        return received;
    }

    void fault(Fault fault) {
        this.fault = fault;
    }

    @Override
    public MockResponse dispatch(RecordedRequest request) {
        received.add(request);
        MockResponse own = fault.answer(request, this::ask);
        return own == null ? ask(request).build() : own;
    }

    private MockResponse.Builder ask(RecordedRequest request) {
        HttpUrl url = request.getUrl()
                .newBuilder()
                .host(upstream.substring(0, upstream.indexOf(':')))
                .port(Integer.parseInt(upstream.substring(upstream.indexOf(':') + 1)))
                .build();
        // The registry names places by the host that it is asked as: the proxy's, which the headers carry on.
        Headers headers =
                request.getHeaders().newBuilder().removeAll("Authorization").build();
        boolean hasBody =
                request.getMethod().equals("PUT") || request.getMethod().equals("POST");
        ByteString body = request.getBody() == null ? ByteString.EMPTY : request.getBody();
        Request passedOn = new Request.Builder()
                .url(url)
                .headers(headers)
                .method(request.getMethod(), hasBody ? RequestBody.create(body, null) : null)
                .build();
        try (Response response = client.newCall(passedOn).execute()) {
            MockResponse.Builder answer = new MockResponse.Builder().code(response.code());
            if (!request.getMethod().equals("HEAD")) {
                answer.body(new Buffer().write(response.body().byteString()));
            }
            response.headers().forEach(header -> answer.setHeader(header.getFirst(), header.getSecond()));
            return answer;
        } catch (IOException e) {
            throw new AssertionError("the registry behind the proxy does not answer", e);
        }
    }

    @Override
    public void close() {
        server.close();
        client.dispatcher().executorService().shutdown();
        client.connectionPool().evictAll();
    }
}
