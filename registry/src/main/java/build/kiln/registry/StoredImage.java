package build.kiln.registry;

import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.Repository;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** Looks what of an image is in a repository. */
final class StoredImage {
    private final RegistryClient registry;
    private final Repository repository;

    StoredImage(RegistryClient registry, Repository repository) {
        this.registry = registry;
        this.repository = repository;
    }

    List<Digest> missing(Digest digest) throws RegistryException {
        Manifest manifest;
        try {
            manifest = registry.getManifest(repository.at(digest));
        } catch (RegistryException.NotFound e) {
            return List.of(digest);
        }
        return missing(manifest);
    }

    /** What is missing of an image whose manifest is there. */
    List<Digest> missing(Manifest manifest) throws RegistryException {
        return manifest.isIndex() ? missing(digestsOf(manifest)) : List.of();
    }

    /** Those of the manifests that the repository does not hold, in their order. */
    List<Digest> missing(List<Digest> manifests) throws RegistryException {
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (Digest manifest : manifests) {
            tasks.add(() -> registry.hasManifest(repository, manifest));
        }
        List<Boolean> found = Parallel.all("look for manifests of " + repository, tasks);
        List<Digest> missing = new ArrayList<>();
        for (int i = 0; i < manifests.size(); i++) {
            if (!found.get(i)) {
                missing.add(manifests.get(i));
            }
        }
        return missing;
    }

    private List<Digest> digestsOf(Manifest index) throws RegistryException {
        try {
            return index.children().stream().map(Descriptor::digest).distinct().toList();
        } catch (MalformedImageException e) {
            throw new RegistryException.InvalidContent(
                    "read manifest of " + repository.at(index.digest()), String.valueOf(e.getMessage()));
        }
    }
}
