package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import org.jspecify.annotations.Nullable;

/** What a run found out about the steps of the Dockerfile. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record CrossCompiling(
        @Required
        @JsonPropertyDescription(
                "Yes: whatever the platform is, every step that is executed runs on the machine that builds. No: some run on the platform itself. Unknown: the Dockerfile's frontend does not tell.")
        Answer answer,

        @Required @JsonPropertyDescription("Number of the run that asked.")
        int run,

        @JsonPropertyDescription("The first step that runs on its platform, or why it is not known, for people.")
        @Nullable
        String detail) {

    /** In one word. */
    public enum Answer {
        Yes,
        No,
        @JsonEnumDefaultValue
        Unknown
    }
}
