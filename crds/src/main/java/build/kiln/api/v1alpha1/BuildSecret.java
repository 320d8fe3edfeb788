package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** A secret that RUN steps can mount. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record BuildSecret(
        @Required
        @Size(min = 1, max = 128)
        @Pattern("^[A-Za-z0-9_-][A-Za-z0-9._-]*$")
        @JsonPropertyDescription("The id that the Dockerfile names: RUN --mount=type=secret,id=<id>.")
        String id,

        @Required @JsonPropertyDescription("The key of a Secret in this namespace that holds the value.")
        SecretKey secretKeyRef) {

    /** A key of a Secret. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record SecretKey(
            @Required @Size(min = 1, max = 253) @JsonPropertyDescription("Name of the Secret.")
            String name,

            @Required
            @Size(min = 1, max = 253)
            @Pattern("^[-._a-zA-Z0-9]+$")
            @JsonPropertyDescription("Key in its data.")
            String key) {}
}
