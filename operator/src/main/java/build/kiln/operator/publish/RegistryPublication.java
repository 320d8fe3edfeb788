package build.kiln.operator.publish;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.Output;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.registry.ImagePublisher;
import build.kiln.registry.PublishRequest;
import build.kiln.registry.PublishedImage;
import build.kiln.registry.PushedImage;
import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.auth.DockerConfig;
import build.kiln.registry.auth.InvalidDockerConfigException;
import build.kiln.registry.http.RegistryConfiguration;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.http.RegistryHost;
import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.InvalidReferenceException;
import build.kiln.registry.image.Platform;
import build.kiln.registry.image.Repository;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Publishes to OCI registries. Safe for concurrent use. */
public final class RegistryPublication implements Publication, AutoCloseable {
    private static final Duration FIND_TIMEOUT = Duration.ofSeconds(30);

    private final ImagePublisher publisher;
    private final Duration timeout;
    private final TemporaryTags protection;
    private final TemporaryTags removal;

    /**
     * @param configuration how registries are reached
     * @param timeout for one publication
     */
    public RegistryPublication(OperatorConfiguration configuration, Duration timeout) {
        this(new ImagePublisher(registries(configuration)), timeout);
    }

    RegistryPublication(ImagePublisher publisher, Duration timeout) {
        this.publisher = publisher;
        this.timeout = timeout;
        this.protection = new TemporaryTags(
                "A finished platform is not protected from a clean-up of untagged images", publisher::anchor);
        this.removal = new TemporaryTags("A temporary tag stays in the registry", publisher::release);
    }

    static RegistryConfiguration registries(OperatorConfiguration configuration) {
        return new RegistryConfiguration(configuration.registries().stream()
                .map(registry ->
                        new RegistryHost(registry.host(), registry.mirrors(), registry.insecure(), registry.ca()))
                .toList());
    }

    @Override
    public PublishOutcome publish(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {
        try {
            CredentialSource source = credentials(build, credentials);
            PublishedImage image = publisher.publish(request(build.getSpec(), results, source));
            if (results.size() > 1) {
                removal.of(build, results, source);
            }
            return published(build.getSpec().output(), results, image);
        } catch (InvalidReferenceException e) {
            return unpublished(FailureReason.InvalidSpec, "spec.output: " + e.getMessage(), false);
        } catch (InvalidDockerConfigException e) {
            return unpublished(FailureReason.RegistryAuthFailed, String.valueOf(e.getMessage()), false);
        } catch (RegistryException.PlatformsMissing e) {
            return new PublishOutcome.Missing(spelledAsIn(results, e.platforms()), RegistryFailures.message(e));
        } catch (RegistryException e) {
            return unpublished(RegistryFailures.reason(e), RegistryFailures.message(e), e.isRetryable());
        }
    }

    private static PublishOutcome published(Output output, List<PlatformResult> results, PublishedImage image) {
        Map<String, String> platforms = new HashMap<>();
        for (PlatformResult result : results) {
            Digest digest = image.platforms().get(Platform.parse(result.platform()));
            platforms.put(
                    result.platform(),
                    Objects.requireNonNull(digest, result.platform()).toString());
        }
        return new PublishOutcome.Published(output.image(), image.digest().toString(), image.tags(), platforms);
    }

    private static List<String> spelledAsIn(List<PlatformResult> results, List<Platform> platforms) {
        return results.stream()
                .map(PlatformResult::platform)
                .filter(platform -> platforms.contains(Platform.parse(platform)))
                .toList();
    }

    @Override
    public void protect(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {
        change(protection, build, results, credentials);
    }

    @Override
    public void release(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {
        change(removal, build, results, credentials);
    }

    private static void change(
            TemporaryTags tags, ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {
        try {
            tags.of(build, results, credentials(build, credentials));
        } catch (InvalidReferenceException | InvalidDockerConfigException e) {
            // Publishing will say the same, where somebody sees it.
            tags.log(build, "", String.valueOf(e.getMessage()));
        }
    }

    @Override
    public ImagePresence find(ImageBuild build, String digest, BuildCredentials credentials) {
        try {
            Repository repository = Repository.parse(build.getSpec().output().image());
            List<Digest> missing =
                    publisher.missing(repository, Digest.parse(digest), credentials(build, credentials), FIND_TIMEOUT);
            return missing.isEmpty()
                    ? new ImagePresence.Complete()
                    : new ImagePresence.Incomplete(
                            repository.at(missing.getFirst()) + " is not in the registry any more");
        } catch (InvalidReferenceException e) {
            return new ImagePresence.Unknown(FailureReason.InvalidSpec, "spec.output: " + e.getMessage(), false);
        } catch (InvalidDockerConfigException e) {
            return new ImagePresence.Unknown(FailureReason.RegistryAuthFailed, String.valueOf(e.getMessage()), false);
        } catch (RegistryException e) {
            return new ImagePresence.Unknown(RegistryFailures.reason(e), RegistryFailures.message(e), e.isRetryable());
        }
    }

    private PublishRequest request(ImageBuildSpec spec, List<PlatformResult> results, CredentialSource credentials) {
        Output output = spec.output();
        List<PushedImage> pushed = new ArrayList<>();
        for (PlatformResult result : results) {
            Descriptor descriptor =
                    Descriptor.of(result.mediaType(), Digest.parse(result.digest()), result.size(), null);
            pushed.add(new PushedImage(Platform.parse(result.platform()), descriptor));
        }
        return new PublishRequest(
                Repository.parse(output.image()),
                List.of(),
                output.tags() == null ? List.of() : output.tags(),
                RequestedPlatforms.of(spec).stream().map(Platform::parse).toList(),
                pushed,
                output.annotations() == null ? Map.of() : output.annotations(),
                credentials,
                timeout);
    }

    private static CredentialSource credentials(ImageBuild build, BuildCredentials credentials)
            throws InvalidDockerConfigException {
        String namespace = build.getMetadata().getNamespace();
        List<DockerConfig> sources = new ArrayList<>();
        for (BuildCredentials.DockerConfig config : credentials.dockerConfigs()) {
            sources.add(DockerConfig.parse(
                    config.json().getBytes(StandardCharsets.UTF_8), "Secret " + namespace + "/" + config.secretName()));
        }
        return CredentialSource.firstOf(sources);
    }

    private static PublishOutcome unpublished(FailureReason reason, String message, boolean worthRetrying) {
        return new PublishOutcome.Unpublished(reason, message, worthRetrying);
    }

    @Override
    public void close() {
        publisher.close();
    }
}
