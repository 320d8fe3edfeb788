package build.kiln.api.v1alpha1;

import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import org.jspecify.annotations.Nullable;

/** A node that could not run a worker. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Refusal(
        @Required @JsonPropertyDescription("The node.") String nodeName,

        @JsonPropertyDescription("The profile of the worker.") @Nullable
        Profile profile,

        @Required @JsonPropertyDescription("Why, in one word of docs/support-matrix.md.")
        String reason,

        @Required @JsonPropertyDescription("Number of the run whose pod it was.")
        int run,

        @Required @JsonPropertyDescription("When, RFC 3339.")
        String time) {}
