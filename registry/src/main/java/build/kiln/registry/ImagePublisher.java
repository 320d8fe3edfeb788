package build.kiln.registry;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryConfiguration;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.http.RegistryTransport;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.Repository;
import java.time.Duration;
import java.util.List;
import java.util.Map;

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
     * @throws RegistryException.PlatformsMissing when what was pushed for some platforms is gone; no tag was written
     * @throws RegistryException when it did not work; no tag was written unless every manifest was in place
     */
    public PublishedImage publish(PublishRequest request) throws RegistryException {
        return new Publication(transport.client(request.credentials(), request.timeout()), request).run();
    }

    /**
     * Points tags at an image that was published before, once all of it is found in the repository.
     *
     * @param tags the tags
     * @param timeout the time for all of it
     * @return the platforms as the index lists them; none for an image that has no index
     * @throws RegistryException.PlatformsMissing when the image is gone, or something that it lists; no tag was written
     * @throws RegistryException when it did not work; some tags may have been written
     * @throws build.kiln.registry.image.InvalidReferenceException when a tag is not valid
     */
    public PublishedImage tag(
            Repository repository, Digest digest, List<String> tags, CredentialSource credentials, Duration timeout)
            throws RegistryException {
        tags.forEach(repository::tagged);
        return new Tagging(transport.client(credentials, timeout), repository).pointAtPublished(tags, digest);
    }

    /**
     * The digest that a reference stands for now, at the first mirror that knows it, else at the registry.
     *
     * @param timeout the time for the answer, retries included
     * @throws RegistryException.NotFound when there is no such image
     */
    public Digest resolve(ImageReference reference, CredentialSource credentials, Duration timeout)
            throws RegistryException {
        return transport.client(credentials, timeout).resolve(reference);
    }

    /**
     * Points temporary tags at {@link build.kiln.registry.image.Anchor anchors} of pushes, so that a registry which
     * collects untagged manifests keeps them. A tag that is there is moved.
     *
     * @return why a tag does not keep its push, by tag; such as {@link RegistryException.TagImmutable}
     */
    public Map<String, RegistryException> anchor(AnchorRequest request) {
        return new AnchorTags(client(request), request).each(AnchorTag::write);
    }

    /**
     * Removes temporary tags and their anchors, never what they keep. A tag stays that points at anything but the anchor
     * of the push in the request.
     *
     * @return why a tag is still there, by tag; some registries delete nothing
     */
    public Map<String, RegistryException> release(AnchorRequest request) {
        return new AnchorTags(client(request), request).each(AnchorTag::remove);
    }

    private RegistryClient client(AnchorRequest request) {
        return transport.client(request.credentials(), request.timeout());
    }

    @Override
    public void close() {
        transport.close();
    }
}
