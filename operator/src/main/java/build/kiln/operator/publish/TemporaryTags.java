package build.kiln.operator.publish;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.registry.AnchorRequest;
import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Repository;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes and removes temporary tags as well as the registry lets it, and logs where it does not. */
final class TemporaryTags {
    private static final Logger LOG = LoggerFactory.getLogger(TemporaryTags.class);

    /** Nothing depends on these tags at once, so that a run does not wait long for a registry that is away. */
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    private final String failed;
    private final Function<AnchorRequest, Map<String, RegistryException>> step;

    /**
     * @param failed what it means when it does not work, for the log
     * @param step tells why it did not work, by tag
     */
    TemporaryTags(String failed, Function<AnchorRequest, Map<String, RegistryException>> step) {
        this.failed = failed;
        this.step = step;
    }

    void of(ImageBuild build, List<PlatformResult> results, CredentialSource credentials) {
        Map<String, Digest> pushed = new HashMap<>();
        for (PlatformResult result : results) {
            pushed.put(TemporaryTag.of(build, result.platform()), Digest.parse(result.digest()));
        }
        Repository repository = Repository.parse(build.getSpec().output().image());
        step.apply(new AnchorRequest(repository, pushed, credentials, TIMEOUT))
                .forEach((tag, failure) -> log(build, tag, String.valueOf(failure.getMessage())));
    }

    void log(ImageBuild build, String tag, String problem) {
        LOG.atInfo()
                .addKeyValue("namespace", build.getMetadata().getNamespace())
                .addKeyValue("name", build.getMetadata().getName())
                .addKeyValue("tag", tag)
                .addKeyValue("problem", problem)
                .log(failed);
    }
}
