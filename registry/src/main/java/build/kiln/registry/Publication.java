package build.kiln.registry;

import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.image.Assembly;
import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.IndexAssembler;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.PlatformResult;
import build.kiln.registry.image.Repository;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** One publication, step by step. A step begins when the one before is done everywhere, so that tags come last. */
final class Publication {
    private final RegistryClient registry;
    private final PublishRequest request;
    private final String action;
    private final PushedResults pushed;

    Publication(RegistryClient registry, PublishRequest request) {
        this.registry = registry;
        this.request = request;
        this.action = "publish image " + request.repository();
        this.pushed = new PushedResults(registry, request, action);
    }

    PublishedImage run() throws RegistryException {
        List<PlatformResult> results = pushed.fetch();
        Assembly.Image image = assemble(results);
        try {
            return publish(image, results);
        } catch (RegistryException.NotFound e) {
            // A collector may have been at work since the results were read.
            if (!e.isRepositoryMissing()) {
                pushed.requireParts(results);
            }
            throw e;
        }
    }

    private PublishedImage publish(Assembly.Image image, List<PlatformResult> results) throws RegistryException {
        Manifest top = topOf(image, results);
        copyChildren(image);
        if (image instanceof Assembly.Index) {
            putByDigest(top);
        }
        pushed.requireParts(results);
        verify(image);
        tag(top);
        return new PublishedImage(
                request.repository(), top.digest(), top.mediaType(), top.size(), request.tags(), image.platforms());
    }

    private Assembly.Image assemble(List<PlatformResult> results) throws RegistryException {
        Assembly assembly = IndexAssembler.assemble(request.platforms(), results, request.annotations());
        return switch (assembly) {
            case Assembly.Refused refused -> throw new RegistryException.InvalidContent(action, refused.message());
            case Assembly.Image image -> image;
        };
    }

    /** What the tags will name: the index, or the image manifest that was pushed alone or in an index of its own. */
    private Manifest topOf(Assembly.Image image, List<PlatformResult> results) throws RegistryException {
        return switch (image) {
            case Assembly.Index index -> index.manifest();
            case Assembly.PlainManifest plain -> {
                Manifest pushed = results.getFirst().manifest();
                yield pushed.digest().equals(plain.digest())
                        ? pushed
                        : registry.getManifest(request.repository().at(plain.digest()));
            }
        };
    }

    private void copyChildren(Assembly.Image image) throws RegistryException {
        List<Descriptor> manifests = switch (image) {
            case Assembly.Index index -> index.children();
            case Assembly.PlainManifest plain -> List.of(plain.image());
        };
        for (Repository target : request.repositories()) {
            if (!target.equals(request.repository())) {
                new ImageCopy(registry, request.repository(), target).copy(manifests);
            }
        }
    }

    private void putByDigest(Manifest top) throws RegistryException {
        everywhere(target -> {
            registry.putManifest(target.at(top.digest()), top);
            return top;
        });
    }

    private void verify(Assembly.Image image) throws RegistryException {
        List<Digest> copied = new ArrayList<>(List.of(image.digest()));
        image.children().forEach(child -> copied.add(child.digest()));
        for (Repository target : request.repositories()) {
            List<Digest> expected = target.equals(request.repository()) ? List.of(image.digest()) : copied;
            List<Digest> missing = new StoredImage(registry, target).missing(expected);
            if (!missing.isEmpty()) {
                throw new RegistryException.InvalidContent(
                        action,
                        "manifest " + target.at(missing.getFirst())
                                + " is no longer in the registry; no tag was written");
            }
        }
    }

    private void tag(Manifest top) throws RegistryException {
        everywhere(target -> {
            new Tagging(registry, target).point(request.tags(), top);
            return top;
        });
    }

    /** Something that is done with one repository. */
    @FunctionalInterface
    private interface Step {
        Manifest run(Repository target) throws RegistryException;
    }

    private void everywhere(Step step) throws RegistryException {
        List<Callable<Manifest>> tasks = new ArrayList<>();
        for (Repository target : request.repositories()) {
            tasks.add(() -> step.run(target));
        }
        Parallel.all(action, tasks);
    }
}
