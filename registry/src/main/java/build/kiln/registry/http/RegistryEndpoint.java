package build.kiln.registry.http;

import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;

/**
 * Where and how one registry is spoken to.
 *
 * @param registry host as it stands in image references
 * @param base the {@code /v2/} root of its API
 * @param insecure whether plain HTTP is allowed
 * @param client the client with the registry's trust
 */
record RegistryEndpoint(String registry, HttpUrl base, boolean insecure, OkHttpClient client) {
    /** Whether a URL belongs to the registry itself, so that its credentials may be sent there. */
    boolean isOrigin(HttpUrl url) {
        return url.scheme().equals(base.scheme()) && url.host().equals(base.host()) && url.port() == base.port();
    }

    /** Whether something that matters may be sent to a URL that the registry named. */
    boolean allows(HttpUrl url) {
        return url.isHttps() || insecure;
    }
}
