package build.kiln.registry.http;

import build.kiln.registry.auth.CredentialSource;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** Connections to registries, kept open between calls. Lives as long as the process; holds no credentials. */
public final class RegistryTransport implements AutoCloseable {
    private final RegistryConfiguration configuration;
    private final HttpSettings settings;
    private final Clock clock;
    private final Sleeper sleeper;
    private final OkHttpClient plain;
    private final Map<String, RegistryEndpoint> endpoints = new ConcurrentHashMap<>();

    /** A transport for the registries of a configuration, with the settings for production. */
    public RegistryTransport(RegistryConfiguration configuration) {
        this(configuration, HttpSettings.defaults(), Clock.systemUTC(), Sleeper.system());
    }

    /** A transport whose time is given from outside. */
    public RegistryTransport(RegistryConfiguration configuration, HttpSettings settings, Clock clock, Sleeper sleeper) {
        this.configuration = configuration;
        this.settings = settings;
        this.clock = clock;
        this.sleeper = sleeper;
        this.plain = new OkHttpClient.Builder()
                .connectTimeout(settings.connectTimeout())
                .readTimeout(settings.idleTimeout())
                .writeTimeout(settings.idleTimeout())
                .build();
    }

    /**
     * A client for one piece of work.
     *
     * @param credentials where credentials are looked up
     * @param timeout the time for everything that is done with the client
     */
    public RegistryClient client(CredentialSource credentials, Duration timeout) {
        return new RegistryClient(this, credentials, Deadline.after(timeout, clock));
    }

    RegistryHost host(String registry) {
        return configuration.host(registry);
    }

    HttpSettings settings() {
        return settings;
    }

    Clock clock() {
        return clock;
    }

    Retry retry() {
        return new Retry(settings, sleeper);
    }

    RegistryEndpoint endpoint(String registry) {
        return endpoints.computeIfAbsent(registry, this::connect);
    }

    private RegistryEndpoint connect(String registry) {
        RegistryHost host = configuration.host(registry);
        // The Docker Hub's API has another name than its images.
        String authority = registry.equals("docker.io") ? "registry-1.docker.io" : registry;
        HttpUrl base = HttpUrl.get((host.insecure() ? "http://" : "https://") + authority + "/v2/");
        OkHttpClient.Builder client = plain.newBuilder().followSslRedirects(host.insecure());
        List<X509Certificate> certificates = host.certificates();
        if (!certificates.isEmpty()) {
            trust(client, certificates);
        }
        return new RegistryEndpoint(registry, base, host.insecure(), client.build());
    }

    private static void trust(OkHttpClient.Builder client, List<X509Certificate> additional) {
        try {
            List<X509Certificate> all =
                    new ArrayList<>(Arrays.asList(trustManager(null).getAcceptedIssuers()));
            all.addAll(additional);
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (X509Certificate certificate : all) {
                store.setCertificateEntry("ca-" + store.size(), certificate);
            }
            X509TrustManager trust = trustManager(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new X509TrustManager[] {trust}, null);
            client.sslSocketFactory(context.getSocketFactory(), trust);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("The Java runtime cannot trust additional certificates", e);
        }
    }

    private static X509TrustManager trustManager(@Nullable KeyStore store) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return Arrays.stream(factory.getTrustManagers())
                .filter(X509TrustManager.class::isInstance)
                .map(X509TrustManager.class::cast)
                .findFirst()
                .orElseThrow(() -> new GeneralSecurityException("no X.509 trust manager"));
    }

    /** Closes idle connections. Calls under way end by themselves. */
    @Override
    public void close() {
        plain.dispatcher().executorService().shutdown();
        plain.connectionPool().evictAll();
    }
}
