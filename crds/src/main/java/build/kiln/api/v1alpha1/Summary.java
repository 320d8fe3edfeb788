package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import org.jspecify.annotations.Nullable;

/** Values for the columns of {@code kubectl get}. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Summary(
        @JsonPropertyDescription("Platforms done, of all: 1/2.") @Nullable
        String platforms,

        @JsonPropertyDescription("First characters of the commit.") @Nullable
        String revision,

        @JsonPropertyDescription("How long the run took, such as 3m12s.") @Nullable
        String duration,

        @JsonPropertyDescription("Share of the steps that came from the cache, such as 87%.") @Nullable
        String cache) {}
