package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Size;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What Kiln knows about the build. Written by the operator alone. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@RecordBuilder
public record ImageBuildStatus(
        @Default("-1")
        @JsonPropertyDescription("The metadata.generation that the conditions speak of; -1 before the first look.")
        @Nullable
        Long observedGeneration,

        @Size(max = 8)
        @JsonPropertyDescription(
                "Ready: the image of this spec is published. Reconciling and Stalled: there only while True, never together. Finished: True once the run ended, whichever way. CacheCold: there only while True, when a platform of the last run should have been built from the cache and was not. ProfileUnsupported: there only while True, when a platform of the last run could not be built with the first choice of its profile.")
        @Nullable
        List<Condition> conditions,

        @JsonPropertyDescription("The current run, or the last one.") @Nullable
        Run run,

        @Size(max = 20) @JsonPropertyDescription("The platforms of that run.") @Nullable
        List<PlatformStatus> platforms,

        @Size(max = 8)
        @JsonPropertyDescription("Workers that nodes could not run lately, newest first; they count for an hour.")
        @Nullable
        List<Refusal> refusals,

        @JsonPropertyDescription(
                "The last image published successfully, repository@digest. It stays when a later run fails.")
        @Nullable
        String image,

        @JsonPropertyDescription("The input hash that image was built from.") @Nullable
        String imageInputHash,

        @Size(max = 32) @JsonPropertyDescription("The tags that point at that image.") @Nullable
        List<String> tags,

        @JsonPropertyDescription("Why the run failed; absent otherwise.") @Nullable
        Failure failure,

        @JsonPropertyDescription("Values for the columns of kubectl get.") @Nullable
        Summary summary,

        @JsonPropertyDescription("The rebuild request that was handled last.") @Nullable
        String lastHandledRebuildAt,

        @JsonPropertyDescription("The cancel request that was handled last.") @Nullable
        String lastHandledCancelAt,

        @JsonPropertyDescription("The request to empty the cache volumes that was handled last.") @Nullable
        String lastHandledEmptyCacheAt,

        @JsonPropertyDescription("The last time of spec.schedule that a run started for, RFC 3339.") @Nullable
        String lastScheduleTime,

        @JsonPropertyDescription("The next time of spec.schedule, RFC 3339; a past one is due.") @Nullable
        String nextScheduleTime,

        @Size(max = 16)
        @JsonPropertyDescription(
                "The images that the last build's Dockerfile builds on, name@digest, over all platforms. Polled when spec.baseImages.poll is set.")
        @Nullable
        List<String> baseImages,

        @JsonPropertyDescription(
                "Whether the Dockerfile cross-compiles, as the last run that asked found; what strategy Auto goes by.")
        @Nullable
        CrossCompiling crossCompiling,

        @JsonPropertyDescription("The registry caches that runs have written.") @Nullable
        WrittenCaches cache,

        @JsonPropertyDescription("The ConfigMap of spec.output.resultConfigMap that was written last.") @Nullable
        String resultConfigMap,

        @Size(max = 10) @JsonPropertyDescription("The runs that ended, newest first.") @Nullable
        List<HistoryEntry> history) {

    /** The status of an object that nobody has looked at yet. */
    public static ImageBuildStatus empty() {
        return ImageBuildStatusBuilder.builder().build();
    }
}
