package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import org.jspecify.annotations.Nullable;

/** The images that the Dockerfile builds on. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record BaseImages(
        @JsonPropertyDescription(
                "Starts a run when the tag of an image in a FROM points at another digest than it did at the last build. Unset: never. Images written with a digest are not asked for. While it is set, no older image is reused: its base images are not known.")
        @Nullable
        Poll poll) {

    /** How often the registries are asked. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Poll(
            @Required
            @Min(60)
            @Max(604800)
            @JsonPropertyDescription(
                    "Seconds between two questions to the registries, from 60 on. They are asked only while no run is under way.")
            int intervalSeconds) {}
}
