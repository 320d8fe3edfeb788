package build.kiln.registry;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.image.Platform;
import build.kiln.registry.image.Repository;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What is to be published, and where.
 *
 * @param repository the repository that the workers pushed to
 * @param additionalRepositories further repositories that get the same image under the same tags
 * @param tags tags to point at the image; none to publish by digest only
 * @param platforms the platforms of the image, in the order they take in the index
 * @param pushed what was pushed for each of them, in any order
 * @param annotations annotations of the index; a plain image manifest, which one platform without attestations stays,
 *     has to carry its annotations already
 * @param credentials where credentials are looked up, for all the repositories
 * @param timeout the time for the whole publication
 */
public record PublishRequest(
        Repository repository,
        List<Repository> additionalRepositories,
        List<String> tags,
        List<Platform> platforms,
        List<PushedImage> pushed,
        Map<String, String> annotations,
        CredentialSource credentials,
        Duration timeout) {
    /**
     * Checks the request.
     *
     * @throws build.kiln.registry.image.InvalidReferenceException when a tag is not valid
     */
    public PublishRequest {
        additionalRepositories = List.copyOf(additionalRepositories);
        tags = List.copyOf(tags);
        platforms = List.copyOf(platforms);
        pushed = List.copyOf(pushed);
        annotations = Map.copyOf(annotations);
        tags.forEach(repository::tagged);
    }

    /** Every repository that gets the image, each once, the one that was pushed to first. */
    List<Repository> repositories() {
        List<Repository> all = new ArrayList<>(List.of(repository));
        all.addAll(additionalRepositories);
        return all.stream().distinct().toList();
    }
}
