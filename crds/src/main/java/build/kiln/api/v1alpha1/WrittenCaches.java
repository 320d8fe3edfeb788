package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.Map;

/** The registry caches that runs of an object have written. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record WrittenCaches(
        @Required
        @JsonPropertyDescription(
                "Where they are: the cache of a platform is this reference, a dash, and the platform with dashes.")
        String reference,

        @Required @Size(max = 20) @JsonPropertyDescription("Number of the run that wrote the cache of a platform last.")
        Map<String, Integer> runs) {}
