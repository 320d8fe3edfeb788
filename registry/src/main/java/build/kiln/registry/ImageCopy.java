package build.kiln.registry;

import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.Repository;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** Brings manifests and their blobs from one repository to another, blobs first. What is there already stays. */
final class ImageCopy {
    private final RegistryClient registry;
    private final Repository from;
    private final Repository to;

    ImageCopy(RegistryClient registry, Repository from, Repository to) {
        this.registry = registry;
        this.from = from;
        this.to = to;
    }

    /** Copies manifests in their order: images come before the attestations that refer to them. */
    void copy(List<Descriptor> manifests) throws RegistryException {
        String action = "copy image " + from + " to " + to;
        List<Manifest> missing = new ArrayList<>();
        for (Descriptor manifest : manifests) {
            if (!registry.hasManifest(to, manifest.digest())) {
                missing.add(registry.getManifest(from.at(manifest.digest())));
            }
        }
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (Descriptor blob : blobsOf(missing)) {
            tasks.add(() -> {
                registry.copyBlob(from, to, blob);
                return true;
            });
        }
        Parallel.all(action, tasks);
        for (Manifest manifest : missing) {
            registry.putManifest(to.at(manifest.digest()), manifest);
        }
    }

    private Iterable<Descriptor> blobsOf(List<Manifest> manifests) throws RegistryException {
        Map<String, Descriptor> blobs = new LinkedHashMap<>();
        for (Manifest manifest : manifests) {
            ImageReference reference = from.at(manifest.digest());
            try {
                manifest.blobs().forEach(blob -> blobs.putIfAbsent(blob.digest().toString(), blob));
            } catch (MalformedImageException e) {
                throw new RegistryException.InvalidContent(
                        "read manifest of " + reference, String.valueOf(e.getMessage()));
            }
        }
        return blobs.values();
    }
}
