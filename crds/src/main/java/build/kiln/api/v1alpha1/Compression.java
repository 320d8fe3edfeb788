package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** How layers are compressed. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value =
                "!has(self.level) || (self.type == 'Zstd' ? self.level <= 22 : self.type != 'Uncompressed' && self.level <= 9)",
        message = "compression.level: 0 to 9 for Gzip and Estargz, 0 to 22 for Zstd, none for Uncompressed")
public record Compression(
        @Required
        @JsonPropertyDescription(
                "Gzip is understood everywhere; Zstd is smaller and faster; Estargz lets nodes start a container before its image is complete; Uncompressed saves processor time on a fast network.")
        Type type,

        @Min(0)
        @Max(22)
        @JsonPropertyDescription("How hard to try; BuildKit's default for the type when unset.")
        @Nullable
        Integer level) {

    /** Forms of a layer, as BuildKit names them. */
    public enum Type {
        @JsonEnumDefaultValue
        Gzip,
        Zstd,
        Estargz,
        Uncompressed
    }
}
