package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.crd.generator.annotation.SchemaFrom;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One attempt to realise one set of build inputs. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@RecordBuilder
public record Run(
        @Required @JsonPropertyDescription("Counts the runs of this object, from 1.")
        int number,

        @JsonPropertyDescription("Why the run started.") @Nullable
        Cause cause,

        @Size(max = 16)
        @JsonPropertyDescription("With cause BaseImageMoved: where the tags of base images point now, name@digest.")
        @Nullable
        List<String> movedBaseImages,

        @JsonPropertyDescription("How far the run has come.") @Nullable
        Phase phase,

        @JsonPropertyDescription("Hash of the build inputs of the spec, before the revision is resolved.") @Nullable
        String specHash,

        @JsonPropertyDescription("Hash of the build inputs, the git revision resolved to a commit.") @Nullable
        String inputHash,

        @JsonPropertyDescription("The commit that every platform builds.") @Nullable
        String commit,

        @JsonPropertyDescription("PerPlatform or SinglePod: how many worker pods build the platforms of this run.")
        @Nullable
        Strategy strategy,

        @JsonPropertyDescription("Why, in one word.") @Nullable
        StrategyReason strategyReason,

        @JsonPropertyDescription(
                "With SinglePod: the platform that the pod of all is chosen for and named after; absent otherwise.")
        @Nullable
        String leadPlatform,

        @JsonPropertyDescription(
                "Number of the run whose image is published again because it was built from the same inputs; absent when this run builds.")
        @Nullable
        Integer reusedRun,

        @JsonPropertyDescription("Place in the queue for workers, from 1; absent when the run does not wait for one.")
        @Nullable
        Integer queuePosition,

        @JsonPropertyDescription("When the run started, RFC 3339.") @Nullable
        String startTime,

        @JsonPropertyDescription("When its last platform ended, RFC 3339.") @Nullable
        String buildEndTime,

        @JsonPropertyDescription("When the run ended, RFC 3339.") @Nullable
        String completionTime,

        @JsonPropertyDescription("How often the current phase was tried without success.") @Nullable
        Integer failedTries,

        @JsonPropertyDescription("When it is tried again at the earliest, RFC 3339.") @Nullable
        String nextTryTime,

        @JsonPropertyDescription("Why the run failed, or why its current phase has to be tried again, for people.")
        @Nullable
        String message,

        @PreserveUnknownFields
        @SchemaFrom(type = JsonNode.class)
        @JsonPropertyDescription(
                "The spec that this run builds to its end whatever the object's spec becomes; kept for runs under concurrencyPolicy Queue that are under way.")
        @Nullable
        ImageBuildSpec spec) {

    /** Why a run started. */
    public enum Cause {
        Initial,
        InputsChanged,
        Requested,
        Scheduled,
        SourceMoved,
        BaseImageMoved
    }

    /** How far a run has come; the last three are final. */
    public enum Phase {
        Resolving,
        Building,
        Publishing,
        Succeeded,
        Failed,
        Cancelled;

        /** Whether nothing follows. */
        public boolean isFinal() {
            return switch (this) {
                case Resolving, Building, Publishing -> false;
                case Succeeded, Failed, Cancelled -> true;
            };
        }
    }
}
