package build.kiln.registry;

import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Platform;

/**
 * What the worker of one platform pushed by digest.
 *
 * @param platform the platform that was asked for
 * @param descriptor the descriptor that the exporter reported: of an image manifest, or of an index of one image and
 *     its attestations
 */
public record PushedImage(Platform platform, Descriptor descriptor) {}
