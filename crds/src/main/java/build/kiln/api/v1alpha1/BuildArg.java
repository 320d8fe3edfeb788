package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** A value for an ARG of the Dockerfile. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record BuildArg(
        @Required
        @Size(min = 1, max = 128)
        @Pattern("^[A-Za-z_][A-Za-z0-9_]*$")
        @JsonPropertyDescription("Name of the ARG.")
        String name,

        @Required
        @Size(max = 4096)
        @JsonPropertyDescription(
                "Its value. It is visible in the image's history: use secrets for what must stay secret.")
        String value) {}
