package build.kiln.api.v1alpha1;

import build.kiln.api.v1alpha1.Run.Cause;
import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A run that ended. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@RecordBuilder
public record HistoryEntry(
        @Required @JsonPropertyDescription("Number of the run.")
        int run,

        @JsonPropertyDescription("Why the run started.") @Nullable
        Cause cause,

        @JsonPropertyDescription("The commit that it built.") @Nullable
        String commit,

        @JsonPropertyDescription("Hash of the build inputs, the git revision resolved to a commit.") @Nullable
        String inputHash,

        @JsonPropertyDescription("What it published, repository@digest; absent when it published nothing.") @Nullable
        String image,

        @Size(max = 32) @JsonPropertyDescription("The tags that it moved to that image.") @Nullable
        List<String> tags,

        @Required @JsonPropertyDescription("How it ended.") Result result,

        @JsonPropertyDescription("Why it failed, in one word.") @Nullable
        FailureReason reason,

        @JsonPropertyDescription("When it started, RFC 3339.") @Nullable
        String startTime,

        @JsonPropertyDescription("How long it took, in seconds.") @Nullable
        Long durationSeconds) {

    /** How a run ended. */
    public enum Result {
        /** It built and published. */
        Succeeded,

        /** It published an image that an earlier run had built from the same inputs. */
        Reused,

        /** It failed for good. */
        @JsonEnumDefaultValue
        Failed,

        /** Somebody asked for its end. */
        Cancelled,

        /** A newer run took its place. */
        Replaced
    }
}
