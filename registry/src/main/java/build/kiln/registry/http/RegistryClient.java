package build.kiln.registry.http;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.auth.Credentials;
import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.Repository;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import okhttp3.HttpUrl;
import okio.Buffer;

/**
 * Speaks to registries on behalf of one set of credentials and within one deadline (OCI distribution specification
 * 1.1). Safe for concurrent use; calls block. Unless a method says otherwise it asks the registry itself, not its
 * mirrors, since what was just pushed is not in a mirror yet.
 */
public final class RegistryClient {
    private final RegistryTransport transport;
    private final CredentialSource credentials;
    private final Deadline deadline;
    private final Map<Identity, Exchange> exchanges = new ConcurrentHashMap<>();

    /** A registry and who asks it: repositories of one registry may have different credentials. */
    private record Identity(String registry, Optional<Credentials> credentials) {}

    RegistryClient(RegistryTransport transport, CredentialSource credentials, Deadline deadline) {
        this.transport = transport;
        this.credentials = credentials;
        this.deadline = deadline;
    }

    /**
     * Reads a manifest. Its digest is verified when the reference has one.
     *
     * @throws RegistryException.NotFound when there is none
     */
    public Manifest getManifest(ImageReference reference) throws RegistryException {
        return ask(reference.repository(), new GetManifest(reference));
    }

    /**
     * The digest that a reference stands for, from the first mirror that knows it, else from the registry. What is wrong
     * with a mirror does not matter; it is asked once. Not counted as a pull where the registry names the digest.
     *
     * @throws RegistryException.NotFound when the registry does not know it either
     */
    public Digest resolve(ImageReference reference) throws RegistryException {
        Repository repository = reference.repository();
        for (Repository mirror : transport.host(repository.registry()).mirrorsOf(repository)) {
            Optional<Digest> found = resolveAt(mirror, reference);
            if (found.isPresent()) {
                return found.get();
            }
        }
        Optional<Digest> named = ask(repository, new HeadManifest(reference)).digest();
        // GET says what HEAD leaves out: the digest, or why there is none.
        return named.isPresent() ? named.get() : getManifest(reference).digest();
    }

    private Optional<Digest> resolveAt(Repository mirror, ImageReference reference) throws RegistryException {
        ImageReference mirrored = reference.digest().map(mirror::at).orElseGet(() -> mirror.tagged(reference.target()));
        try {
            return exchange(mirror).run(new HeadManifest(mirrored)).digest();
        } catch (RegistryException.Interrupted e) {
            throw e;
        } catch (RegistryException e) {
            if (deadline.isOver()) {
                throw e;
            }
            return Optional.empty();
        }
    }

    /** Whether the repository holds the manifest with a digest. */
    public boolean hasManifest(Repository repository, Digest digest) throws RegistryException {
        return ask(repository, new HeadManifest(repository.at(digest))).found();
    }

    /**
     * Stores a manifest under a digest or a tag, and checks the digest that the registry gives it.
     *
     * @throws RegistryException.TagImmutable when the tag exists and may not be moved
     */
    public void putManifest(ImageReference reference, Manifest manifest) throws RegistryException {
        ask(reference.repository(), new PutManifest(reference, manifest));
    }

    /**
     * Deletes the manifest of a digest, with every tag that points at it; or a tag, which some registries take for its
     * manifest. What is gone already is no failure.
     */
    public void deleteManifest(ImageReference reference) throws RegistryException {
        ask(reference.repository(), new DeleteManifest(reference));
    }

    /** Whether the repository holds a blob. */
    public boolean hasBlob(Repository repository, Digest digest) throws RegistryException {
        return ask(repository, new HeadBlob(repository, digest));
    }

    /**
     * Reads a blob that has to fit into memory.
     *
     * @param largest the largest size in bytes that is read
     * @throws RegistryException.InvalidContent when it is larger, or not what the descriptor says
     */
    public byte[] getBlob(Repository repository, Descriptor blob, int largest) throws RegistryException {
        if (blob.size() > largest) {
            throw new RegistryException.InvalidContent(
                    "read blob " + blob.digest() + " of " + repository,
                    "it has " + blob.size() + " bytes, more than " + largest);
        }
        return transport.retry().run("read blob " + blob.digest() + " of " + repository, deadline, () -> {
            Buffer buffer = new Buffer();
            exchange(repository).run(new GetBlob(repository, blob, buffer));
            return buffer.readByteArray();
        });
    }

    /** Stores a blob. An upload that breaks off starts over. */
    public void putBlob(Repository repository, Descriptor blob, BlobContent content) throws RegistryException {
        upload(repository, blob, Optional.empty(), content);
    }

    /**
     * Brings a blob from one repository to another: not at all if it is there, by the registry itself if both are on
     * one registry that allows it, else streamed through this process.
     */
    public void copyBlob(Repository from, Repository to, Descriptor blob) throws RegistryException {
        if (hasBlob(to, blob.digest())) {
            return;
        }
        Optional<Repository> mountFrom = from.registry().equals(to.registry()) ? Optional.of(from) : Optional.empty();
        upload(to, blob, mountFrom, sink -> exchange(from).run(new GetBlob(from, blob, sink)));
    }

    private void upload(Repository to, Descriptor blob, Optional<Repository> mountFrom, BlobContent content)
            throws RegistryException {
        String action = "upload blob " + blob.digest() + " to " + to;
        transport.retry().run(action, deadline, () -> {
            Exchange exchange = exchange(to);
            Optional<HttpUrl> location =
                    exchange.run(new StartUpload(to, blob.digest(), mountFrom)).location();
            if (location.isEmpty()) {
                return true;
            }
            if (!transport.endpoint(to.registry()).allows(location.get())) {
                throw new RegistryException.Untrusted(action, "the registry names a plain HTTP address for it", null);
            }
            return finish(exchange, new FinishUpload(to, blob, location.get(), content));
        });
    }

    /** An upload is unknown when it is done already and the answer was lost, or when the registry started anew. */
    private static boolean finish(Exchange exchange, FinishUpload upload) throws RegistryException {
        try {
            return exchange.run(upload);
        } catch (RegistryException.NotFound e) {
            if (e.isRepositoryMissing()) {
                throw e;
            }
            if (exchange.run(new HeadBlob(upload.repository(), upload.blob().digest()))) {
                return true;
            }
            throw new RegistryException.Unavailable(upload.action(), "the registry does not know the upload", e);
        }
    }

    private <T> T ask(Repository repository, Endpoint<T> endpoint) throws RegistryException {
        Exchange exchange = exchange(repository);
        return transport.retry().run(endpoint.action(), deadline, () -> exchange.run(endpoint));
    }

    private Exchange exchange(Repository repository) {
        Identity identity = new Identity(repository.registry(), credentials.find(repository));
        return exchanges.computeIfAbsent(identity, this::exchange);
    }

    private Exchange exchange(Identity identity) {
        Authorizer authorizer = new Authorizer(identity.credentials(), credentials.searched(), transport.clock());
        return new Exchange(transport.endpoint(identity.registry()), authorizer, transport.settings(), deadline);
    }
}
