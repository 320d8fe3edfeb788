package build.kiln.registry;

import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Platform;
import build.kiln.registry.image.Repository;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A published image, verified in the registry.
 *
 * @param repository the repository that the workers pushed to
 * @param digest digest of the index, or of the plain image manifest
 * @param mediaType media type of what the digest names
 * @param size size in bytes of what the digest names
 * @param tags the tags that were read back and point at the digest
 * @param platforms digest of the image manifest of each platform, in the order of the request
 */
public record PublishedImage(
        Repository repository,
        Digest digest,
        String mediaType,
        long size,
        List<String> tags,
        Map<Platform, Digest> platforms) {
    public PublishedImage {
        tags = List.copyOf(tags);
        platforms = Collections.unmodifiableMap(new LinkedHashMap<>(platforms));
    }
}
