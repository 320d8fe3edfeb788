package build.kiln.worker;

import build.kiln.protocol.CacheBackend.Gha;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.net.URI;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/**
 * The cache of GitHub Actions. The service answers with addresses that are good for one entry and for a while; content goes
 * there from the daemon, and from there to it.
 */
final class GithubStore implements RelayedStore {
    static final String TITLE = "gha cache";
    private static final String SERVICE = "/twirp/github.actions.results.api.v1.CacheService/";
    private static final String BLOB = "buildkit-blob-1-sha256:";
    private static final int NOT_FOUND = 404;

    private final Gha gha;
    private final String token;
    private final String relayToken;

    /**
     * @param token that the service takes
     * @param relayToken that the daemon has to show
     */
    GithubStore(Gha gha, String token, String relayToken) {
        this.gha = gha;
        this.token = token;
        this.relayToken = relayToken;
    }

    /** The token as the daemon gets it: BuildKit reads the claims, and the service nothing but the right signature. */
    static String relayToken(String token, String signature) {
        int end = token.lastIndexOf('.');
        return end < 0 ? signature : token.substring(0, end + 1) + signature;
    }

    @Override
    public String title() {
        return TITLE;
    }

    @Override
    public boolean isAuthentic(RelayedRequest request) {
        return request.headers().getOrDefault("authorization", "").equals("Bearer " + relayToken);
    }

    @Override
    public boolean looksAtBodies() {
        return true;
    }

    @Override
    public Access access(RelayedRequest request) {
        if (!request.method().equals("POST") || !request.path().startsWith(SERVICE)) {
            return new Access.Denied();
        }
        String key = json(request.body()).path("key").asText();
        return switch (request.path().substring(SERVICE.length())) {
            case "GetCacheEntryDownloadURL" -> {
                if (key.startsWith(BLOB)) {
                    // Before it writes, BuildKit asks which blobs are there; that none is, is no loss.
                    yield new Access.Write();
                }
                yield gha.names().stream()
                        .filter(name -> isIndex(key, name))
                        .findFirst()
                        .<Access>map(Access.ManifestRead::new)
                        .orElseGet(Access.Denied::new);
            }
            case "CreateCacheEntry", "FinalizeCacheEntryUpload" ->
                gha.export()
                                && (key.startsWith(BLOB)
                                        || isIndex(key, gha.names().getFirst()))
                        ? new Access.Write()
                        : new Access.Denied();
            default -> new Access.Denied();
        };
    }

    private static boolean isIndex(String key, String name) {
        return key.startsWith("index-" + name + "-1-");
    }

    @Override
    public int status(Access access, int status, String body) {
        boolean absent = access instanceof Access.ManifestRead
                && status == 200
                && !json(body).path("ok").asBoolean();
        return absent ? NOT_FOUND : status;
    }

    @Override
    public Outgoing outgoing(RelayedRequest request, Map<String, String> headers, Instant now) {
        Map<String, String> sent = new TreeMap<>(headers);
        sent.put("authorization", "Bearer " + token);
        String service =
                gha.url().endsWith("/") ? gha.url().substring(0, gha.url().length() - 1) : gha.url();
        return new Outgoing(URI.create(service + request.rawPath()), sent);
    }

    @Override
    public String redacted(String text) {
        return text.replace(token, "***");
    }

    private static JsonNode json(String text) {
        try {
            return Json.MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            // Whatever it is, it is about none of the caches.
            return MissingNode.getInstance();
        }
    }
}
