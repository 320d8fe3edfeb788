package build.kiln.registry;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Repository;
import java.time.Duration;
import java.util.Map;

/**
 * What is to be kept from being collected as untagged, or no longer.
 *
 * @param repository that holds what was pushed
 * @param pushed digest of each push, by its temporary tag
 * @param credentials where credentials are looked up
 * @param timeout the time for all of it
 */
public record AnchorRequest(
        Repository repository, Map<String, Digest> pushed, CredentialSource credentials, Duration timeout) {
    /**
     * Checks the request.
     *
     * @throws build.kiln.registry.image.InvalidReferenceException when a tag is not valid
     */
    public AnchorRequest {
        pushed = Map.copyOf(pushed);
        pushed.keySet().forEach(repository::tagged);
    }
}
