package build.kiln.worker;

import build.kiln.protocol.CacheBackend.Azblob;
import java.net.URI;
import java.time.Instant;
import java.util.Map;

/** A container of Azure Blob Storage, with the names that BuildKit's cache has in it. */
final class AzureStore implements RelayedStore {
    private final Azblob azblob;
    private final AzureSignature signature;
    private final String relayAccount;
    private final URI service;

    /**
     * @param relayAccount name of the account that the daemon has to say it is
     */
    AzureStore(Azblob azblob, AzureSignature signature, String relayAccount) {
        this.azblob = azblob;
        this.signature = signature;
        this.relayAccount = relayAccount;
        this.service = URI.create(azblob.accountUrl());
    }

    static String title(Azblob azblob) {
        return "azblob container " + azblob.container();
    }

    @Override
    public String title() {
        return title(azblob);
    }

    @Override
    public boolean isAuthentic(RelayedRequest request) {
        return request.headers().getOrDefault("authorization", "").startsWith("SharedKey " + relayAccount + ":");
    }

    @Override
    public Access access(RelayedRequest request) {
        String container = "/" + azblob.container();
        if (request.path().equals(container)) {
            return ofContainer(request);
        }
        String top = container + "/" + (azblob.prefix().isEmpty() ? "" : azblob.prefix() + "/");
        if (!request.path().startsWith(top)) {
            return new Access.Denied();
        }
        return new StoredCaches(azblob.names(), azblob.export())
                .access(request, request.path().substring(top.length()), isUpload(request));
    }

    /** BuildKit looks whether the container is there before anything else, and creates it. */
    private Access ofContainer(RelayedRequest request) {
        if (!"restype=container".equals(request.query())) {
            return new Access.Denied();
        }
        if (request.isRead()) {
            return new Access.StoreRead(azblob.names());
        }
        return azblob.export() && request.method().equals("PUT") ? new Access.Write() : new Access.Denied();
    }

    /** Whole, or in blocks. */
    private static boolean isUpload(RelayedRequest request) {
        String query = request.query();
        return request.method().equals("PUT") && (query == null || ("&" + query).contains("&comp=block"));
    }

    @Override
    public Outgoing outgoing(RelayedRequest request, Map<String, String> headers, Instant now) {
        String path = service.getRawPath() + request.rawPath();
        String query = request.query();
        URI address = URI.create(
                service.getScheme() + "://" + service.getRawAuthority() + path + (query == null ? "" : "?" + query));
        String length = request.headers().getOrDefault("content-length", "0");
        return new Outgoing(address, signature.signed(request.method(), path, query, headers, length, now));
    }

    @Override
    public String redacted(String text) {
        return text.replace(signature.key(), "***");
    }
}
