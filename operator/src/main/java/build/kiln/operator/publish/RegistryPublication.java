package build.kiln.operator.publish;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.Output;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfRegistry;
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
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.InvalidReferenceException;
import build.kiln.registry.image.Platform;
import build.kiln.registry.image.Repository;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Publishes to OCI registries. Safe for concurrent use. */
public final class RegistryPublication implements Publication, AutoCloseable {
    private static final Duration RESOLVE_TIMEOUT = Duration.ofSeconds(30);

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
        List<String> platforms = results.stream().map(PlatformResult::platform).toList();
        return outcome(build, platforms, credentials, source -> {
            PublishedImage image = publisher.publish(request(build.getSpec(), results, source));
            if (results.size() > 1) {
                removal.of(build, results, source);
            }
            return image;
        });
    }

    @Override
    public PublishOutcome tag(ImageBuild build, String digest, BuildCredentials credentials) {
        Output output = build.getSpec().output();
        return outcome(
                build,
                RequestedPlatforms.of(build.getSpec()),
                credentials,
                source -> publisher.tag(
                        Repository.parse(output.image()), Digest.parse(digest), tags(output), source, timeout));
    }

    /** Something that ends with an image under its tags. */
    @FunctionalInterface
    private interface Act {
        PublishedImage run(CredentialSource credentials) throws RegistryException;
    }

    private static PublishOutcome outcome(
            ImageBuild build, List<String> platforms, BuildCredentials credentials, Act act) {
        try {
            PublishedImage image = act.run(credentials(build, credentials));
            return published(build.getSpec().output(), platforms, image);
        } catch (InvalidReferenceException e) {
            return new PublishOutcome.Unpublished(invalid(e));
        } catch (InvalidDockerConfigException e) {
            return new PublishOutcome.Unpublished(malformed(e));
        } catch (RegistryException.PlatformsMissing e) {
            return new PublishOutcome.Missing(spelled(platforms, e.platforms()), RegistryFailures.message(e));
        } catch (RegistryException e) {
            return new PublishOutcome.Unpublished(RegistryFailures.diagnosis(e));
        }
    }

    private static PublishOutcome published(Output output, List<String> platforms, PublishedImage image) {
        Map<String, String> digests = new HashMap<>();
        for (String platform : platforms) {
            image.platforms().forEach((listed, digest) -> {
                if (listed.satisfies(Platform.parse(platform))) {
                    digests.put(platform, digest.toString());
                }
            });
        }
        return new PublishOutcome.Published(output.image(), image.digest().toString(), image.tags(), digests);
    }

    /** The platforms as the spec spells them. */
    private static List<String> spelled(List<String> platforms, List<Platform> found) {
        return platforms.stream()
                .filter(platform -> found.stream().anyMatch(each -> each.satisfies(Platform.parse(platform))))
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
    public ImageResolution resolve(ImageBuild build, String reference, BuildCredentials credentials) {
        try {
            Digest digest = publisher.resolve(
                    ImageReference.parse(reference), credentials(build, credentials), RESOLVE_TIMEOUT);
            return new ImageResolution.Resolved(digest.toString());
        } catch (InvalidReferenceException | InvalidDockerConfigException | RegistryException e) {
            return new ImageResolution.Unresolved(String.valueOf(e.getMessage()));
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
                tags(output),
                RequestedPlatforms.of(spec).stream().map(Platform::parse).toList(),
                pushed,
                output.annotations() == null ? Map.of() : output.annotations(),
                credentials,
                timeout);
    }

    private static List<String> tags(Output output) {
        return output.tags() == null ? List.of() : output.tags();
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

    private static Diagnosis invalid(InvalidReferenceException e) {
        return Diagnosis.of(OfRegistry.INVALID_NAME, "spec.output: " + e.getMessage());
    }

    private static Diagnosis malformed(InvalidDockerConfigException e) {
        return Diagnosis.of(OfRegistry.ACCESS_REFUSED, String.valueOf(e.getMessage()));
    }

    @Override
    public void close() {
        publisher.close();
    }
}
