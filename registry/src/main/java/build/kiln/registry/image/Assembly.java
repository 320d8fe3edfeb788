package build.kiln.registry.image;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What the results of the platforms make together. */
public sealed interface Assembly {

    /** An assembly that can be published. */
    sealed interface Image extends Assembly {
        /** Digest that the tags will point at. */
        Digest digest();

        /** Digest of the image manifest of each platform, in the order of the request. */
        Map<Platform, Digest> platforms();

        /** The manifests that have to be in a repository before this one: images first, then attestations. */
        List<Descriptor> children();
    }

    /**
     * One platform without attestations: the image manifest itself, with no index around it.
     *
     * @param image the descriptor of the image manifest
     */
    record PlainManifest(Platform platform, Descriptor image) implements Image {
        @Override
        public Digest digest() {
            return image.digest();
        }

        @Override
        public Map<Platform, Digest> platforms() {
            return Map.of(platform, image.digest());
        }

        @Override
        public List<Descriptor> children() {
            return List.of();
        }
    }

    /**
     * An index to be pushed.
     *
     * @param manifest bytes, media type and digest of the index
     * @param platforms digest of the image manifest of each platform, in the order of the request
     * @param images descriptors of the images, in the order of the request
     * @param attestations descriptors of the attestation manifests, as they were pushed
     */
    record Index(
            Manifest manifest, Map<Platform, Digest> platforms, List<Descriptor> images, List<Descriptor> attestations)
            implements Image {
        public Index {
            images = List.copyOf(images);
            attestations = List.copyOf(attestations);
        }

        @Override
        public Digest digest() {
            return manifest.digest();
        }

        @Override
        public List<Descriptor> children() {
            return Stream.concat(images.stream(), attestations.stream()).toList();
        }
    }

    /**
     * The results are not the image that was asked for; nothing may be published.
     *
     * @param message what is wrong, for a person
     */
    record Refused(Reason reason, String message) implements Assembly {}

    /** Why an assembly was refused. */
    enum Reason {
        /** A requested platform has no result: publishing would shrink the image. */
        MISSING_PLATFORM,
        /** Two results, or two requests, are for one platform. */
        DUPLICATE_PLATFORM,
        /** A result is for a platform that was not asked for. */
        PLATFORM_MISMATCH,
        /** A result is not an image, or not an index of one image and its attestations. */
        UNEXPECTED_CONTENT
    }
}
