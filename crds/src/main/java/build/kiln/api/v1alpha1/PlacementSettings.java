package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where and how platforms are built. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@RecordBuilder
public record PlacementSettings(
        @JsonPropertyDescription(
                "Whether compilers of emulated platforms run as native programs that do the same: \"On\" or \"Off\", in quotes, because YAML reads both as a boolean without. The image stays the same; a change starts no run. Defaults to what the operator's administrator chose.")
        @Nullable
        Acceleration acceleration,

        @Size(max = 20) @JsonPropertyDescription("What differs for some of the platforms.") @Nullable
        List<OfPlatform> platforms) {

    /** Whether native programs stand in for foreign ones of exactly the same build. */
    public enum Acceleration {
        Off,
        On
    }

    /** What differs for one platform. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record OfPlatform(
            @Required @Size(min = 1, max = 64) @JsonPropertyDescription("As in spec.platforms.")
            String platform,

            @JsonPropertyDescription("Goes before placement.acceleration.") @Nullable
            Acceleration acceleration) {}
}
