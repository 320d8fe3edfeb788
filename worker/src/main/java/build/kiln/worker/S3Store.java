package build.kiln.worker;

import build.kiln.protocol.CacheBackend.S3;
import java.net.URI;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/** A bucket behind the S3 interface, with the keys that BuildKit's cache has in it. */
final class S3Store implements RelayedStore {
    private final S3 s3;
    private final AwsSignature signature;
    private final String relayKey;
    private final URI service;
    private final boolean bucketInPath;

    /**
     * @param relayKey the access key's id that the daemon has to name
     */
    S3Store(S3 s3, AwsSignature signature, String relayKey) {
        this.s3 = s3;
        this.signature = signature;
        this.relayKey = relayKey;
        String endpoint = s3.endpoint();
        this.service = URI.create(endpoint == null ? amazon(s3.region()) : endpoint);
        // The certificate of Amazon holds for one label before the service's name.
        this.bucketInPath =
                s3.usePathStyle() || (endpoint == null && s3.bucket().indexOf('.') >= 0);
    }

    private static String amazon(String region) {
        return "https://s3." + region + ".amazonaws.com" + (region.startsWith("cn-") ? ".cn" : "");
    }

    static String title(S3 s3) {
        return "s3 bucket " + s3.bucket();
    }

    @Override
    public String title() {
        return title(s3);
    }

    @Override
    public boolean isAuthentic(RelayedRequest request) {
        return request.headers().getOrDefault("authorization", "").contains(" Credential=" + relayKey + "/");
    }

    @Override
    public Access access(RelayedRequest request) {
        String top = "/" + s3.bucket() + "/" + s3.prefix();
        if (!request.path().startsWith(top)) {
            return new Access.Denied();
        }
        return new StoredCaches(s3.names(), s3.export())
                .access(request, request.path().substring(top.length()), isUpload(request));
    }

    /** Whole, or in parts. */
    private static boolean isUpload(RelayedRequest request) {
        return switch (request.method()) {
            case "PUT" -> true;
            case "POST" -> request.asks("uploads") || request.asks("uploadId");
            case "DELETE" -> request.asks("uploadId");
            default -> false;
        };
    }

    @Override
    public Outgoing outgoing(RelayedRequest request, Map<String, String> headers, Instant now) {
        String host = service.getRawAuthority();
        String path = request.rawPath();
        if (!bucketInPath) {
            host = s3.bucket() + "." + host;
            path = path.substring(1 + s3.bucket().length());
        }
        Map<String, String> sent = new TreeMap<>(headers);
        sent.put("host", host);
        String query = request.query();
        URI address = URI.create(service.getScheme() + "://" + host + path + (query == null ? "" : "?" + query));
        return new Outgoing(address, signature.signed(request.method(), path, query, sent, s3.region(), now));
    }

    @Override
    public String redacted(String text) {
        String without = text.replace(signature.keyId(), "***").replace(signature.key(), "***");
        String token = signature.sessionToken();
        return token == null ? without : without.replace(token, "***");
    }
}
