package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** A condition as Kubernetes defines it (meta/v1 Condition). */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Condition(
        @Required
        @Size(max = 316)
        @JsonPropertyDescription("Ready, Reconciling, Stalled, Finished, CacheCold or ProfileUnsupported.")
        String type,

        @Required @JsonPropertyDescription("True, False or Unknown.")
        Status status,

        @JsonPropertyDescription("The metadata.generation that this condition speaks of.") @Nullable
        Long observedGeneration,

        @Required @JsonPropertyDescription("When the status last changed, RFC 3339.")
        String lastTransitionTime,

        @Required @Size(min = 1, max = 1024) @JsonPropertyDescription("One word for programs.")
        String reason,

        @Required @Size(max = 32768) @JsonPropertyDescription("What, where and what to do now, for people.")
        String message) {

    /** Status of a condition. */
    public enum Status {
        True,
        False,
        @JsonEnumDefaultValue
        Unknown
    }
}
