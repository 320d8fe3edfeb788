package build.kiln.registry;

import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.image.Anchor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.Repository;
import java.util.Optional;

/** The temporary tag of one push, and the anchor that it points at. */
final class AnchorTag {
    private final RegistryClient registry;
    private final Repository repository;
    private final String tag;
    private final Digest pushed;
    private final ImageReference reference;

    AnchorTag(RegistryClient registry, Repository repository, String tag, Digest pushed) {
        this.registry = registry;
        this.repository = repository;
        this.tag = tag;
        this.pushed = pushed;
        this.reference = repository.tagged(tag);
    }

    void write() throws RegistryException {
        Manifest anchor = anchor(registry.getManifest(repository.at(pushed)));
        try {
            registry.putManifest(reference, anchor);
        } catch (RegistryException.TagImmutable e) {
            if (!current().equals(Optional.of(anchor))) {
                throw e;
            }
        }
    }

    private Manifest anchor(Manifest manifest) throws RegistryException {
        try {
            return Anchor.of(tag, manifest);
        } catch (MalformedImageException e) {
            throw new RegistryException.InvalidContent(
                    "read manifest of " + repository.at(pushed), String.valueOf(e.getMessage()));
        }
    }

    /**
     * Deletes by digest first, which can only be the anchor and needs no support for deleting tags; then, where tagged
     * manifests may not be deleted, by tag.
     */
    void remove() throws RegistryException {
        Optional<Manifest> anchor = current();
        if (anchor.isEmpty() || !Anchor.is(anchor.get(), tag, pushed)) {
            return;
        }
        Optional<RegistryException> refused = delete(repository.at(anchor.get().digest()));
        if (!current().equals(anchor)) {
            return;
        }
        Optional<RegistryException> tagRefused = delete(reference);
        if (current().equals(anchor)) {
            throw refused.or(() -> tagRefused)
                    .orElseGet(() -> new RegistryException.InvalidContent(
                            "delete tag " + reference, "the registry says it did, but the tag is still there"));
        }
    }

    /** Why the registry does not delete; empty when it says that it did. */
    private Optional<RegistryException> delete(ImageReference what) throws RegistryException {
        try {
            registry.deleteManifest(what);
            return Optional.empty();
        } catch (RegistryException e) {
            if (e.isRetryable()) {
                throw e;
            }
            return Optional.of(e);
        }
    }

    private Optional<Manifest> current() throws RegistryException {
        try {
            return Optional.of(registry.getManifest(reference));
        } catch (RegistryException.NotFound e) {
            return Optional.empty();
        }
    }
}
