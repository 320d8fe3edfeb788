package build.kiln.registry;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryConfiguration;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.http.RegistryTransport;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Repository;
import java.time.Duration;

/**
 * Publishes images: assembles what the workers pushed, brings it to every repository, verifies it there, and only
 * then writes tags. Every step may be repeated, so a publication that was cut off is simply done again. Safe for
 * concurrent use; calls block until done or until their time is over.
 */
public final class ImagePublisher implements AutoCloseable {
    private final RegistryTransport transport;

    /** A publisher that reaches registries as configured. */
    public ImagePublisher(RegistryConfiguration configuration) {
        this(new RegistryTransport(configuration));
    }

    /** A publisher on connections of its own, which it closes. */
    public ImagePublisher(RegistryTransport transport) {
        this.transport = transport;
    }

    /**
     * Publishes an image.
     *
     * @return what every tag points at now
     * @throws RegistryException when it did not work; no tag was written unless every manifest was in place
     */
    public PublishedImage publish(PublishRequest request) throws RegistryException {
        return new Publication(transport.client(request.credentials(), request.timeout()), request).run();
    }

    /**
     * Whether a repository still holds an image.
     *
     * @param timeout the time for the answer, retries included
     * @throws RegistryException when the registry does not say
     */
    public boolean exists(Repository repository, Digest digest, CredentialSource credentials, Duration timeout)
            throws RegistryException {
        RegistryClient client = transport.client(credentials, timeout);
        return client.hasManifest(repository, digest);
    }

    @Override
    public void close() {
        transport.close();
    }
}
