package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** An object of the same namespace, by name. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record LocalReference(
        @Required @Size(min = 1, max = 253) @JsonPropertyDescription("Name of the object in this namespace.")
        String name) {}
