package build.kiln.registry.image;

/**
 * What one worker pushed, fetched back.
 *
 * @param requested the platform that was asked for
 * @param descriptor the descriptor of the push; of a plain image it carries the platform the image is for
 * @param manifest the pushed manifest: an image, or an index of one image and its attestations
 */
public record PlatformResult(Platform requested, Descriptor descriptor, Manifest manifest) {}
