package build.kiln.registry;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.jspecify.annotations.Nullable;

/** Guards the registry behind a proxy with short-lived tokens, which a password buys at the proxy's {@code /token}. */
final class TokenGate implements FaultyProxy.Fault {
    static final String PASSWORD = "correct-horse";

    private static final String BASIC =
            "Basic " + Base64.getEncoder().encodeToString(("kiln:" + PASSWORD).getBytes(StandardCharsets.UTF_8));

    private final FaultyProxy proxy;
    private final FaultyProxy.Fault behind;
    private final List<String> issued = new CopyOnWriteArrayList<>();
    private final Set<String> accepted = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** @param behind decides about requests that pass the gate */
    TokenGate(FaultyProxy proxy, FaultyProxy.Fault behind) {
        this.proxy = proxy;
        this.behind = behind;
    }

    /** The docker configuration that opens the gate. */
    static String dockerConfig(String host) {
        return "{\"auths\":{\"" + host + "\":{\"username\":\"kiln\",\"password\":\"" + PASSWORD + "\"}}}";
    }

    /** Every token so far. */
    List<String> issued() {
        return issued;
    }

    /** From now on the tokens that were issued are worth nothing. */
    void expire() {
        accepted.clear();
    }

    /** Whether no token is worth anything. */
    void closed(boolean isClosed) {
        closed = isClosed;
    }

    @Override
    public @Nullable MockResponse answer(RecordedRequest request, FaultyProxy.Upstream registry) {
        String authorization = request.getHeaders().get("Authorization");
        if (request.getUrl().encodedPath().equals("/token")) {
            return BASIC.equals(authorization) ? token() : FakeRegistry.status(401);
        }
        if (closed || authorization == null || !accepted.contains(authorization)) {
            return new MockResponse.Builder()
                    .code(401)
                    .setHeader("WWW-Authenticate", "Bearer realm=\"" + proxy.url("/token") + "\",service=\"registry\"")
                    .build();
        }
        return behind.answer(request, registry);
    }

    private synchronized MockResponse token() {
        String token = "token-" + (issued.size() + 1);
        issued.add(token);
        accepted.add("Bearer " + token);
        return new MockResponse.Builder()
                .setHeader("Content-Type", "application/json")
                .body("{\"token\":\"" + token + "\",\"expires_in\":300}")
                .build();
    }
}
