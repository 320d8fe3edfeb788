package build.kiln.registry;

import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.Platform;
import build.kiln.registry.image.PlatformResult;
import build.kiln.registry.image.Repository;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;

/** Reads what was pushed for the platforms, and says for which of them it is no longer there. */
final class PushedResults {
    private static final int LARGEST_CONFIG = 4 * 1024 * 1024;

    private final RegistryClient registry;
    private final Repository repository;
    private final List<PushedImage> pushed;
    private final String action;

    PushedResults(RegistryClient registry, PublishRequest request, String action) {
        this.registry = registry;
        this.repository = request.repository();
        this.pushed = request.pushed();
        this.action = action;
    }

    /**
     * One result per platform, in the order of the request.
     *
     * @throws RegistryException.PlatformsMissing when there is none for some of them
     */
    List<PlatformResult> fetch() throws RegistryException {
        List<Callable<Optional<PlatformResult>>> tasks = new ArrayList<>();
        for (PushedImage each : pushed) {
            tasks.add(() -> find(each));
        }
        List<Optional<PlatformResult>> found = Parallel.all(action, tasks);
        Map<Platform, Digest> missing = new LinkedHashMap<>();
        for (int i = 0; i < found.size(); i++) {
            if (found.get(i).isEmpty()) {
                missing.put(pushed.get(i).platform(), pushed.get(i).descriptor().digest());
            }
        }
        refuse(missing);
        return found.stream().flatMap(Optional::stream).toList();
    }

    private Optional<PlatformResult> find(PushedImage each) throws RegistryException {
        try {
            return Optional.of(fetch(each));
        } catch (RegistryException.NotFound e) {
            if (e.isRepositoryMissing()) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private PlatformResult fetch(PushedImage each) throws RegistryException {
        Descriptor descriptor = each.descriptor();
        Manifest manifest = registry.getManifest(repository.at(descriptor.digest()));
        if (!manifest.isIndex() && descriptor.platform().isEmpty()) {
            descriptor =
                    Descriptor.of(descriptor.mediaType(), descriptor.digest(), descriptor.size(), platformOf(manifest));
        }
        return new PlatformResult(each.platform(), descriptor, manifest);
    }

    private Platform platformOf(Manifest manifest) throws RegistryException {
        try {
            return Platform.ofConfig(registry.getBlob(repository, manifest.config(), LARGEST_CONFIG));
        } catch (MalformedImageException e) {
            throw new RegistryException.InvalidContent(
                    "read the platform of " + repository.at(manifest.digest()), String.valueOf(e.getMessage()));
        }
    }

    /**
     * Looks whether everything is there that the index will list.
     *
     * @throws RegistryException.PlatformsMissing when something is not
     */
    void requireParts(List<PlatformResult> results) throws RegistryException {
        Map<Digest, Platform> parts = new LinkedHashMap<>();
        for (PlatformResult result : results) {
            partsOf(result).forEach(part -> parts.put(part, result.requested()));
        }
        Map<Platform, Digest> missing = new LinkedHashMap<>();
        for (Digest part : new StoredImage(registry, repository).missing(List.copyOf(parts.keySet()))) {
            Optional.ofNullable(parts.get(part)).ifPresent(platform -> missing.putIfAbsent(platform, part));
        }
        refuse(missing);
    }

    private List<Digest> partsOf(PlatformResult result) throws RegistryException {
        Manifest manifest = result.manifest();
        try {
            return manifest.isIndex()
                    ? manifest.children().stream().map(Descriptor::digest).toList()
                    : List.of(manifest.digest());
        } catch (MalformedImageException e) {
            throw new RegistryException.InvalidContent(
                    "read manifest of " + repository.at(manifest.digest()), String.valueOf(e.getMessage()));
        }
    }

    private void refuse(Map<Platform, Digest> missing) throws RegistryException {
        if (missing.isEmpty()) {
            return;
        }
        List<String> named = new ArrayList<>();
        missing.forEach((platform, digest) -> named.add(platform + " (" + digest + ")"));
        throw new RegistryException.PlatformsMissing(
                action,
                "what was pushed for " + String.join(", ", named) + " is no longer in the registry; no tag was written",
                List.copyOf(missing.keySet()));
    }
}
