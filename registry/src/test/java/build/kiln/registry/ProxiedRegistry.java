package build.kiln.registry;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.http.HttpSettings;
import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryConfiguration;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.http.RegistryHost;
import build.kiln.registry.http.RegistryTransport;
import build.kiln.registry.http.TestTime;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Repository;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A real registry, reached directly and through a proxy that can spoil things. */
final class ProxiedRegistry {
    static final Duration TIMEOUT = Duration.ofMinutes(5);

    final RegistryProcess process;
    final FaultyProxy proxy;
    final RegistryConfiguration configuration;
    private final RegistryTransport direct;

    ProxiedRegistry(Path folder) throws Exception {
        process = RegistryProcess.open(folder);
        proxy = new FaultyProxy(process.host());
        configuration = new RegistryConfiguration(List.of(
                new RegistryHost(proxy.host(), List.of(), true, null),
                new RegistryHost(process.host(), List.of(), true, null)));
        direct = new RegistryTransport(configuration);
        process.await(configuration, CredentialSource.anonymous());
    }

    /** A client that meets no faults. */
    RegistryClient client() {
        return direct.client(CredentialSource.anonymous(), TIMEOUT);
    }

    /** A repository as the registry itself knows it. */
    Repository behind(String path) {
        return new Repository(process.host(), path);
    }

    /** A repository as it is known through the proxy. */
    Repository through(String path) {
        return proxy.repository(path);
    }

    /** A publisher whose waits take no time. */
    ImagePublisher publisher(TestTime time) {
        return new ImagePublisher(new RegistryTransport(configuration, HttpSettings.defaults(), time, time));
    }

    /** What a tag points at. */
    Digest tagged(String path, String tag) throws RegistryException {
        return client().getManifest(behind(path).tagged(tag)).digest();
    }

    /** What is missing of an image. */
    List<Digest> missing(String path, Digest digest) throws RegistryException {
        return new StoredImage(client(), behind(path)).missing(digest);
    }

    void stop() throws InterruptedException {
        direct.close();
        proxy.close();
        process.stop();
    }
}
