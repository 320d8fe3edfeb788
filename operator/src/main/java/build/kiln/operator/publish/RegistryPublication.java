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
    private final ImagePublisher publisher;
    private final Duration timeout;

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
    }

    static RegistryConfiguration registries(OperatorConfiguration configuration) {
        return new RegistryConfiguration(configuration.registries().stream()
                .map(registry ->
                        new RegistryHost(registry.host(), registry.mirrors(), registry.insecure(), registry.ca()))
                .toList());
    }

    @Override
    public PublishOutcome publish(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {
        Output output = build.getSpec().output();
        try {
            CredentialSource source = credentials(build.getMetadata().getNamespace(), credentials);
            PublishedImage image = publisher.publish(request(build.getSpec(), results, source));
            Map<String, String> platforms = new HashMap<>();
            for (PlatformResult result : results) {
                Digest digest = image.platforms().get(Platform.parse(result.platform()));
                platforms.put(
                        result.platform(),
                        Objects.requireNonNull(digest, result.platform()).toString());
            }
            return new PublishOutcome.Published(output.image(), image.digest().toString(), image.tags(), platforms);
        } catch (InvalidReferenceException e) {
            return unpublished(FailureReason.InvalidSpec, "spec.output: " + e.getMessage(), false);
        } catch (InvalidDockerConfigException e) {
            return unpublished(FailureReason.RegistryAuthFailed, String.valueOf(e.getMessage()), false);
        } catch (RegistryException e) {
            return unpublished(reason(e), e.getMessage() + advice(e), e.isRetryable());
        }
    }

    @Override
    public void protect(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {}

    @Override
    public void release(ImageBuild build, List<PlatformResult> results, BuildCredentials credentials) {}

    @Override
    public ImagePresence find(ImageBuild build, String digest, BuildCredentials credentials) {
        return new ImagePresence.Incomplete(digest);
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

    private static CredentialSource credentials(String namespace, BuildCredentials credentials)
            throws InvalidDockerConfigException {
        List<DockerConfig> sources = new ArrayList<>();
        for (BuildCredentials.DockerConfig config : credentials.dockerConfigs()) {
            sources.add(DockerConfig.parse(
                    config.json().getBytes(StandardCharsets.UTF_8), "Secret " + namespace + "/" + config.secretName()));
        }
        return CredentialSource.firstOf(sources);
    }

    private static FailureReason reason(RegistryException failure) {
        return switch (failure) {
            case RegistryException.Unauthorized _, RegistryException.Forbidden _ -> FailureReason.RegistryAuthFailed;
            case RegistryException.NotFound missing
            when missing.isRepositoryMissing() -> FailureReason.RegistryRepositoryMissing;
            case RegistryException.NotFound _,
                    RegistryException.TagImmutable _,
                    RegistryException.Rejected _,
                    RegistryException.RateLimited _,
                    RegistryException.Unavailable _,
                    RegistryException.Unreachable _,
                    RegistryException.Untrusted _,
                    RegistryException.InvalidContent _,
                    RegistryException.DeadlineExceeded _,
                    RegistryException.Interrupted _ -> FailureReason.PublishFailed;
        };
    }

    /** What to do now, where the registry's own words do not say it. */
    private static String advice(RegistryException failure) {
        return switch (failure) {
            case RegistryException.Unauthorized _ ->
                ".\nCorrect the Secret, or add one to spec.registryCredentials that may push to spec.output.image.";
            case RegistryException.Forbidden _ ->
                ".\nGive the account of these credentials the right to push to spec.output.image.";
            case RegistryException.NotFound missing
            when missing.isRepositoryMissing() ->
                ".\nCreate the repository in the registry: it does not do so on the first push.";
            case RegistryException.NotFound _ ->
                ".\nThe image of a platform is no longer in the registry; request a rebuild.";
            case RegistryException.TagImmutable _ ->
                ".\nChoose another tag in spec.output.tags, or let the registry overwrite this one.";
            case RegistryException.Untrusted _ ->
                ".\nAdd the registry's CA, or insecure: true for plain HTTP, to registries in the values of Kiln's chart.";
            case RegistryException.Unreachable _ ->
                ".\nCheck spec.output.image, and that pods of this cluster can reach the registry.";
            case RegistryException.Rejected _,
                    RegistryException.RateLimited _,
                    RegistryException.Unavailable _,
                    RegistryException.InvalidContent _,
                    RegistryException.DeadlineExceeded _,
                    RegistryException.Interrupted _ -> "";
        };
    }

    private static PublishOutcome unpublished(FailureReason reason, String message, boolean worthRetrying) {
        return new PublishOutcome.Unpublished(reason, message, worthRetrying);
    }

    @Override
    public void close() {
        publisher.close();
    }
}
