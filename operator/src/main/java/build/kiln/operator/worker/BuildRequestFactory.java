package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.BuildArg;
import build.kiln.api.v1alpha1.BuildSecret;
import build.kiln.api.v1alpha1.Dockerfile;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.Output;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.Source;
import build.kiln.api.v1alpha1.Strategy;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildRequestBuilder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Makes the request that a worker gets: everything resolved, no credential in it. */
final class BuildRequestFactory {
    static final int DEFAULT_TIMEOUT_SECONDS = 3600;
    static final int DEFAULT_STALL_TIMEOUT_SECONDS = 900;

    /** BuildKit puts it in front of the ids of cache mounts. */
    private static final String CACHE_MOUNTS = "BUILDKIT_CACHE_MOUNT_NS";

    private static final String DEFAULT_DOCKERFILE = "Dockerfile";

    private final List<BuildRequest.Registry> registries;

    BuildRequestFactory(OperatorConfiguration configuration) {
        registries = configuration.registries().stream()
                .filter(registry -> registry.insecure() || registry.ca() != null)
                .map(registry -> new BuildRequest.Registry(registry.host(), registry.insecure(), registry.ca()))
                .toList();
    }

    BuildRequest create(ImageBuild build, WorkerAssignment assignment) {
        ImageBuildSpec spec = build.getSpec();
        return BuildRequestBuilder.builder()
                .platform(assignment.platform())
                .source(source(spec.source(), assignment.commit()))
                .dockerfile(dockerfile(spec.dockerfile()))
                .target(spec.target())
                .buildArgs(buildArgs(build))
                .labels(orEmpty(spec.labels()))
                .output(output(spec.output()))
                .cache(CacheReferences.of(spec, assignment.platform(), assignment.claimName() != null))
                .secretIds(secretIds(spec.secrets()))
                .registries(registries)
                .timeoutSeconds(timeoutSeconds(spec))
                .stallTimeoutSeconds(stallTimeoutSeconds(spec))
                .emulated(assignment.placement().mode() == Mode.Emulated)
                .others(assignment.others().stream()
                        .map(other -> new BuildRequest.OtherPlatform(
                                other.platform(),
                                CacheReferences.of(spec, other.platform(), assignment.claimName() != null),
                                other.mode() == Mode.Emulated))
                        .toList())
                .askAbout(askAbout(spec, assignment))
                .build();
    }

    /** One pod of a run asks what the next run goes by. */
    private static List<String> askAbout(ImageBuildSpec spec, WorkerAssignment assignment) {
        List<String> platforms = RequestedPlatforms.of(spec);
        boolean asks = !assignment.others().isEmpty() || platforms.getFirst().equals(assignment.platform());
        boolean matters =
                platforms.size() > 1 && Objects.requireNonNullElse(spec.strategy(), Strategy.Auto) == Strategy.Auto;
        return asks && matters ? platforms : List.of();
    }

    static long timeoutSeconds(ImageBuildSpec spec) {
        Integer seconds = spec.timeoutSeconds();
        return seconds == null ? DEFAULT_TIMEOUT_SECONDS : seconds;
    }

    private static long stallTimeoutSeconds(ImageBuildSpec spec) {
        Integer seconds = spec.stallTimeoutSeconds();
        return seconds == null ? DEFAULT_STALL_TIMEOUT_SECONDS : seconds;
    }

    private static BuildRequest.Source source(Source source, @Nullable String commit) {
        Source.Git git = source.git();
        if (git != null) {
            String resolved = Objects.requireNonNull(commit, "a git source is assigned with its commit");
            return new BuildRequest.Source(new BuildRequest.Git(git.url(), resolved, git.subPath()), null);
        }
        Source.Inline inline = Objects.requireNonNull(source.inline(), "the API server admits no other source");
        return new BuildRequest.Source(null, new BuildRequest.Inline(inline.files()));
    }

    private static BuildRequest.Dockerfile dockerfile(@Nullable Dockerfile dockerfile) {
        if (dockerfile == null) {
            return new BuildRequest.Dockerfile(DEFAULT_DOCKERFILE, null);
        }
        return new BuildRequest.Dockerfile(
                Objects.requireNonNullElse(dockerfile.path(), DEFAULT_DOCKERFILE), dockerfile.inline());
    }

    /**
     * Whatever volume BuildKit's state lies on, a cache mount is found again by builds of the same image in the same namespace
     * alone. The same for all platforms: stages that they share have to stay the same steps.
     */
    private static Map<String, String> buildArgs(ImageBuild build) {
        List<BuildArg> arguments = build.getSpec().buildArgs();
        Map<String, String> values = new LinkedHashMap<>();
        values.put(
                CACHE_MOUNTS,
                build.getMetadata().getNamespace() + "/"
                        + build.getSpec().output().image());
        if (arguments != null) {
            arguments.forEach(argument -> values.put(argument.name(), argument.value()));
        }
        return values;
    }

    private static BuildRequest.Output output(Output output) {
        return new BuildRequest.Output(
                output.image(),
                orEmpty(output.annotations()),
                switch (output.provenance()) {
                    case null -> BuildRequest.Provenance.Min;
                    case Disabled -> BuildRequest.Provenance.Disabled;
                    case Min -> BuildRequest.Provenance.Min;
                    case Max -> BuildRequest.Provenance.Max;
                },
                output.sourceDateEpoch());
    }

    private static List<String> secretIds(@Nullable List<BuildSecret> secrets) {
        return secrets == null
                ? List.of()
                : secrets.stream().map(BuildSecret::id).toList();
    }

    private static Map<String, String> orEmpty(@Nullable Map<String, String> map) {
        return map == null ? Map.of() : map;
    }
}
