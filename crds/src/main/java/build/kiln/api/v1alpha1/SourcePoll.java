package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;

/** How often the git server is asked. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record SourcePoll(
        @Required
        @Min(30)
        @Max(604800)
        @JsonPropertyDescription(
                "Seconds between two questions to the git server, from 30 on. It is asked only while no run is under way.")
        int intervalSeconds) {}
