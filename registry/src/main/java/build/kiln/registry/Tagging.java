package build.kiln.registry;

import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.Platform;
import build.kiln.registry.image.Repository;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Moves tags of one repository, and looks whether they moved. */
final class Tagging {
    private final RegistryClient registry;
    private final Repository repository;

    Tagging(RegistryClient registry, Repository repository) {
        this.registry = registry;
        this.repository = repository;
    }

    /** Points tags at a manifest that is there, with everything that it lists. */
    void point(List<String> tags, Manifest top) throws RegistryException {
        for (String tag : tags) {
            point(repository.tagged(tag), top);
        }
    }

    private void point(ImageReference reference, Manifest top) throws RegistryException {
        try {
            registry.putManifest(reference, top);
        } catch (RegistryException.TagImmutable e) {
            // The tag may be ours already, from a publication that was cut off behind this step.
            if (!registry.getManifest(reference).digest().equals(top.digest())) {
                throw e;
            }
            return;
        }
        Digest found = registry.getManifest(reference).digest();
        if (!found.equals(top.digest())) {
            throw new RegistryException.InvalidContent(
                    "tag " + reference, "the tag points at " + found + " after it was set to " + top.digest());
        }
    }

    /**
     * Points tags at an image that was published before.
     *
     * @throws RegistryException.PlatformsMissing when the image is gone, or something that it lists
     */
    PublishedImage pointAtPublished(List<String> tags, Digest digest) throws RegistryException {
        String action = "tag image " + repository.at(digest);
        Manifest top;
        try {
            top = registry.getManifest(repository.at(digest));
        } catch (RegistryException.NotFound e) {
            if (e.isRepositoryMissing()) {
                throw e;
            }
            throw new RegistryException.PlatformsMissing(action, "it is no longer in the registry", List.of());
        }
        Map<Platform, Digest> platforms = platformsOf(top);
        List<Digest> missing = new StoredImage(registry, repository).missing(top);
        if (!missing.isEmpty()) {
            platforms.values().retainAll(missing);
            throw new RegistryException.PlatformsMissing(
                    action,
                    missing.getFirst() + ", which it lists, is no longer in the registry",
                    List.copyOf(platforms.keySet()));
        }
        point(tags, top);
        return new PublishedImage(repository, digest, top.mediaType(), top.size(), tags, platforms);
    }

    private Map<Platform, Digest> platformsOf(Manifest top) throws RegistryException {
        Map<Platform, Digest> platforms = new LinkedHashMap<>();
        try {
            for (Descriptor child : top.isIndex() ? top.children() : List.<Descriptor>of()) {
                if (!child.isAttestation()) {
                    child.platform().ifPresent(platform -> platforms.put(platform, child.digest()));
                }
            }
        } catch (MalformedImageException e) {
            throw new RegistryException.InvalidContent(
                    "read manifest of " + repository.at(top.digest()), String.valueOf(e.getMessage()));
        }
        return platforms;
    }
}
