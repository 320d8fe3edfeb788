package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** A ConfigMap that tells other tools what was published. */
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
        value = "self.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
        message =
                "output.resultConfigMap.name: write lower-case letters, digits, dashes and dots, beginning and ending with a letter or digit, such as shop-api-image")
public record ResultConfigMap(
        @Required
        @Size(min = 1, max = 253)
        @JsonPropertyDescription(
                "Name of the ConfigMap in this namespace. Kiln creates it, and never writes to one that it does not own.")
        String name) {}
