package build.kiln.operator.publish;

/** What an image reference stands for now. */
public sealed interface ImageResolution {
    /**
     * The registry knows it.
     *
     * @param digest of the index or manifest
     */
    record Resolved(String digest) implements ImageResolution {}

    /**
     * The registry did not say, or there is no such image.
     *
     * @param message what and where
     */
    record Unresolved(String message) implements ImageResolution {}
}
