package build.kiln.registry.image;

import build.kiln.registry.image.Assembly.Reason;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts the results of the platforms together. The same results give the same bytes, whatever order they came in, so
 * doing it again after a restart changes nothing.
 *
 * <ul>
 *   <li>Images come first, in the order of the request; attestations follow, each exactly as it was pushed.
 *   <li>An index is never put inside an index: the children of a pushed index become children of the result.
 *   <li>One platform without attestations stays a plain image manifest. Index annotations have no place there.
 *   <li>The index is an OCI index; only when every child is of a Docker type, and no annotation is asked for, is it a
 *       Docker manifest list, which cannot carry annotations.
 * </ul>
 */
public final class IndexAssembler {
    private final List<Platform> requested;
    private final List<PlatformResult> results;
    private final Map<String, String> annotations;
    private final Map<Platform, Digest> platforms = new LinkedHashMap<>();
    private final List<Descriptor> images = new ArrayList<>();
    private final List<Descriptor> attestations = new ArrayList<>();

    private IndexAssembler(List<Platform> requested, List<PlatformResult> results, Map<String, String> annotations) {
        this.requested = requested;
        this.results = results;
        this.annotations = annotations;
    }

    /**
     * Assembles the image.
     *
     * @param requested the platforms of the image, in their order
     * @param results one result for each of them, in any order
     * @param annotations annotations of the index
     */
    public static Assembly assemble(
            List<Platform> requested, List<PlatformResult> results, Map<String, String> annotations) {
        try {
            return new IndexAssembler(requested, results, annotations).assemble();
        } catch (RefusedException e) {
            return new Assembly.Refused(e.reason, e.description);
        } catch (MalformedImageException e) {
            return new Assembly.Refused(Reason.UNEXPECTED_CONTENT, String.valueOf(e.getMessage()));
        }
    }

    private Assembly assemble() throws RefusedException, MalformedImageException {
        refuseStrangers();
        for (Platform platform : requested) {
            add(platform, resultFor(platform));
        }
        if (requested.size() == 1 && attestations.isEmpty()) {
            return new Assembly.PlainManifest(requested.getFirst(), images.getFirst());
        }
        return new Assembly.Index(index(), platforms, images, attestations);
    }

    private void refuseStrangers() throws RefusedException {
        if (requested.isEmpty()) {
            throw new RefusedException(Reason.MISSING_PLATFORM, "No platform was requested.");
        }
        if (requested.stream().map(Platform::normalized).distinct().count() < requested.size()) {
            throw new RefusedException(
                    Reason.DUPLICATE_PLATFORM, "One platform is requested more than once: " + requested + ".");
        }
        for (PlatformResult result : results) {
            if (requested.stream().noneMatch(platform -> same(platform, result.requested()))) {
                throw new RefusedException(
                        Reason.PLATFORM_MISMATCH,
                        "A result is for " + result.requested() + ", which was not requested.");
            }
        }
    }

    private PlatformResult resultFor(Platform platform) throws RefusedException {
        List<PlatformResult> found = results.stream()
                .filter(result -> same(platform, result.requested()))
                .toList();
        if (found.isEmpty()) {
            throw new RefusedException(Reason.MISSING_PLATFORM, "There is no result for " + platform + ".");
        }
        if (found.size() > 1) {
            throw new RefusedException(
                    Reason.DUPLICATE_PLATFORM, "There are " + found.size() + " results for " + platform + ".");
        }
        return found.getFirst();
    }

    private static boolean same(Platform one, Platform other) {
        return one.normalized().equals(other.normalized());
    }

    private void add(Platform platform, PlatformResult result) throws RefusedException, MalformedImageException {
        Manifest manifest = result.manifest();
        refuseOtherContent(platform, result);
        Descriptor image = manifest.isIndex() ? flatten(platform, manifest) : plain(result);
        Platform pushed = image.platform()
                .orElseThrow(() -> new RefusedException(
                        Reason.UNEXPECTED_CONTENT, "The image pushed for " + platform + " does not say its platform."));
        if (!pushed.satisfies(platform)) {
            throw new RefusedException(
                    Reason.PLATFORM_MISMATCH, "The image pushed for " + platform + " is for " + pushed + ".");
        }
        if (platforms.containsValue(image.digest())) {
            throw new RefusedException(
                    Reason.DUPLICATE_PLATFORM,
                    "The image pushed for " + platform + " is the one of another platform: " + image.digest() + ".");
        }
        images.add(image);
        platforms.put(platform, image.digest());
    }

    private static void refuseOtherContent(Platform platform, PlatformResult result) throws RefusedException {
        Manifest manifest = result.manifest();
        Descriptor pushed = result.descriptor();
        if (!pushed.digest().equals(manifest.digest()) || pushed.size() != manifest.size()) {
            throw new RefusedException(
                    Reason.UNEXPECTED_CONTENT,
                    "The result for " + platform + " names " + pushed.digest() + " of " + pushed.size()
                            + " bytes, but the registry holds " + manifest.digest() + " of " + manifest.size()
                            + " bytes.");
        }
    }

    /** The parts of a push that are of the content alone: exporters add annotations that change from run to run. */
    private static Descriptor plain(PlatformResult result) {
        Manifest manifest = result.manifest();
        return Descriptor.of(
                manifest.mediaType(),
                manifest.digest(),
                manifest.size(),
                result.descriptor().platform().orElse(null));
    }

    private Descriptor flatten(Platform platform, Manifest index) throws RefusedException, MalformedImageException {
        List<Descriptor> found = new ArrayList<>();
        for (Descriptor child : index.children()) {
            if (!MediaTypes.isManifest(child.mediaType())) {
                throw unexpected(platform, "holds " + child + ", which is not an image");
            }
            (child.isAttestation() ? attestations : found).add(child);
        }
        if (found.size() != 1) {
            throw unexpected(platform, "holds " + found.size() + " images instead of one");
        }
        String image = found.getFirst().digest().toString();
        for (Descriptor child : index.children()) {
            if (child.isAttestation() && !child.attestedDigest().equals(image)) {
                throw unexpected(
                        platform,
                        "has an attestation for \"" + Text.shown(child.attestedDigest()) + "\", not for its image");
            }
        }
        return found.getFirst();
    }

    private static RefusedException unexpected(Platform platform, String what) {
        return new RefusedException(Reason.UNEXPECTED_CONTENT, "The index pushed for " + platform + " " + what + ".");
    }

    private Manifest index() throws MalformedImageException {
        List<Descriptor> children = new ArrayList<>(images);
        children.addAll(attestations);
        boolean docker = annotations.isEmpty() && children.stream().allMatch(c -> MediaTypes.isDocker(c.mediaType()));
        String mediaType = docker ? MediaTypes.DOCKER_LIST : MediaTypes.OCI_INDEX;
        return IndexDocument.of(mediaType, children, annotations);
    }

    private static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1L;
        private final Reason reason;
        private final String description;

        RefusedException(Reason reason, String description) {
            super(description);
            this.reason = reason;
            this.description = description;
        }
    }
}
