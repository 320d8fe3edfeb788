package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What to build, for which platforms, and where to put it. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value =
                "has(self.source.inline) && has(self.output.sourceDateEpoch) ? self.output.sourceDateEpoch != 'Commit' : true",
        message = "output.sourceDateEpoch: an inline source has no commit; write the seconds since the epoch instead")
@ValidationRule(
        value =
                "!has(self.platforms) || self.platforms.all(p, p.matches('^linux/[a-z0-9_]{2,16}(/v[0-9a-z.]{1,8})?$'))",
        message = "platforms: write linux/<architecture>[/<variant>], such as linux/arm64 or linux/arm/v7")
@ValidationRule(
        value =
                "!has(self.ttlSecondsAfterFinished) || !(has(self.schedule) || (has(self.baseImages) && has(self.baseImages.poll)) || (has(self.source.git) && has(self.source.git.poll)))",
        message =
                "ttlSecondsAfterFinished: an object with a schedule or a poll is never finished; remove ttlSecondsAfterFinished, or schedule, baseImages.poll and source.git.poll")
@ValidationRule(
        value =
                "!has(self.placement) || !has(self.placement.platforms) || self.placement.platforms.all(p, has(self.platforms) ? p.platform in self.platforms : p.platform in ['linux/amd64', 'linux/arm64'])",
        message = "placement.platforms: name platforms of spec.platforms, written as there")
@ValidationRule(
        value =
                "!has(self.placement) || !has(self.placement.platforms) || self.placement.platforms.all(p, self.placement.platforms.exists_one(q, q.platform == p.platform))",
        message = "placement.platforms: name every platform once")
@ValidationRule(
        value =
                "!has(self.cache) || !has(self.cache.backends) || !self.cache.backends.exists(b, has(b.inline)) || (has(self.output.tags) && size(self.output.tags) > 0)",
        message = "cache.backends: inline reads the image by its tags; write output.tags too, or remove inline")
@RecordBuilder
public record ImageBuildSpec(
        @Required @JsonPropertyDescription("Where the build context comes from: exactly one of git and inline.")
        Source source,

        @JsonPropertyDescription(
                "The Dockerfile: a path inside the source, or its text. Defaults to the file Dockerfile at the root of the source.")
        @Nullable
        Dockerfile dockerfile,

        @Size(min = 1, max = 128)
        @JsonPropertyDescription("The stage of the Dockerfile to build. Defaults to the last one.")
        @Nullable
        String target,

        @Size(max = 64) @JsonPropertyDescription("Values for the ARG instructions of the Dockerfile.") @Nullable
        List<BuildArg> buildArgs,

        @Size(max = 64)
        @JsonPropertyDescription("Labels of the image's configuration, added to those of the Dockerfile.")
        @Nullable
        Map<String, @Size(max = 4096) String> labels,

        @Size(min = 1, max = 20)
        @JsonPropertyDescription(
                "The platforms to build, as docker writes them (os/architecture[/variant]). Defaults to linux/amd64 and linux/arm64. The published index lists them in this order.")
        @Nullable
        List<@Size(max = 64) String> platforms,

        @Default("Auto")
        @JsonPropertyDescription(
                "How many worker pods build the platforms. PerPlatform: one for each. SinglePod: one for all, which executes once what they share; steps that run on another architecture than its node's are emulated. Auto: SinglePod when an earlier run found that the Dockerfile cross-compiles, so that nothing is emulated, else PerPlatform. The images are the same; a change starts no run. Defaults to Auto.")
        @Nullable
        Strategy strategy,

        @Required @JsonPropertyDescription("What is published, and how.")
        Output output,

        @JsonPropertyDescription(
                "What runs share: a cache in the registry and in other places, one per platform and scope, and cache volumes.")
        @Nullable
        Cache cache,

        @Size(max = 32)
        @JsonPropertyDescription("Secrets for RUN --mount=type=secret. No RUN step sees one that it does not mount.")
        @Nullable
        List<BuildSecret> secrets,

        @Size(max = 16)
        @JsonPropertyDescription(
                "Secrets of type kubernetes.io/dockerconfigjson in this namespace, for pulling and pushing. For each registry the first one that names it wins; the imagePullSecrets of the ServiceAccount come last.")
        @Nullable
        List<LocalReference> registryCredentials,

        @Size(min = 1, max = 253)
        @JsonPropertyDescription(
                "ServiceAccount of the worker pods; its imagePullSecrets count as registry credentials. No token of it is mounted. Defaults to default.")
        @Nullable
        String serviceAccountName,

        @JsonPropertyDescription("The worker pods.") @Nullable
        WorkerSettings worker,

        @JsonPropertyDescription("Where and how platforms are built.") @Nullable
        PlacementSettings placement,

        @Default("3600")
        @Min(10)
        @Max(172800)
        @JsonPropertyDescription(
                "Longest time in seconds for one platform from the worker's start to the pushed image. Defaults to 3600.")
        @Nullable
        Integer timeoutSeconds,

        @Default("900")
        @Min(10)
        @Max(172800)
        @JsonPropertyDescription(
                "Longest time in seconds without any progress: no step starts or ends, nothing is printed or transferred. Such a build is stopped with evidence of what it was doing, and tried once more. Raise it for steps that work silently for longer. Defaults to 900.")
        @Nullable
        Integer stallTimeoutSeconds,

        @JsonPropertyDescription("What is tried again after a failure.") @Nullable
        Retry retry,

        @Default("Replace")
        @JsonPropertyDescription(
                "What happens when inputs change, or a rebuild is requested, while a run is under way. Replace: the run is cancelled and the new one starts at once. Queue: it goes on, and then only the newest inputs are built; that holds for runs that started under Queue. Defaults to Replace.")
        @Nullable
        ConcurrencyPolicy concurrencyPolicy,

        @JsonPropertyDescription(
                "No run starts while it is true. A run under way goes on, and a change of the tags is carried out. When it is false again, what became due in between starts, once. Defaults to false.")
        @Nullable
        Boolean suspend,

        @JsonPropertyDescription("Starts runs at certain times. Unset: only a change or a request does.") @Nullable
        Schedule schedule,

        @JsonPropertyDescription("The images that the Dockerfile builds on.") @Nullable
        BaseImages baseImages,

        @Default("IfPresent")
        @JsonPropertyDescription(
                "Whether a change back to inputs that were built before uses that image again, as far as status.history knows it. IfPresent: when the registry still holds all of it. Never: it is built again. Defaults to IfPresent.")
        @Nullable
        ReusePolicy reusePolicy,

        @Min(0)
        @JsonPropertyDescription(
                "Seconds after which the object is deleted once its run has ended, whichever way; the image stays. For objects that no GitOps tool applies. Unset: never.")
        @Nullable
        Integer ttlSecondsAfterFinished) {}
