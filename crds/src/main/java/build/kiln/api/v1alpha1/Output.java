package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is published, and how. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value =
                "self.image.matches('^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]+)?/)?[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*)*$')",
        message =
                "output.image: write a repository in lower case without tag or digest, such as registry.example.com/shop/api; tags go into output.tags")
@ValidationRule(
        value = "!has(self.sourceDateEpoch) || self.sourceDateEpoch.matches('^(Commit|[0-9]{1,12})$')",
        message = "output.sourceDateEpoch: write Commit, or the seconds since the epoch as a string")
@ValidationRule(
        value = "!has(self.tags) || self.tags.all(tag, tag.matches('^[A-Za-z0-9_][A-Za-z0-9._-]*$'))",
        message =
                "output.tags: a tag is up to 128 letters, digits, underscores, dots and dashes, and begins with none of the last two")
@RecordBuilder
public record Output(
        @Required
        @Size(min = 1, max = 255)
        @JsonPropertyDescription(
                "Repository to publish to, without tag or digest, such as registry.example.com/shop/api. Without a host it is one of docker.io.")
        String image,

        @Size(max = 32)
        @JsonPropertyDescription(
                "Tags to move to the new image, once all of it is in the registry. Without any the image is published by digest only.")
        @Nullable
        List<@Size(max = 128) String> tags,

        @Size(max = 64)
        @JsonPropertyDescription("OCI annotations of the index and of every platform's manifest.")
        @Nullable
        Map<String, @Size(max = 4096) String> annotations,

        @Default("Min")
        @JsonPropertyDescription(
                "SLSA provenance attestation: Disabled, Min (no build arguments or source files) or Max. Defaults to Min. With one platform and Disabled a plain image manifest is published, without an index.")
        @Nullable
        Provenance provenance,

        @Size(max = 12)
        @JsonPropertyDescription(
                "Time for the image and the files in it, so that equal inputs give equal digests: Commit (the commit's time) or seconds since the epoch. Unset: the time of the build.")
        @Nullable
        String sourceDateEpoch,

        @JsonPropertyDescription(
                "A ConfigMap to keep with the keys image (repository@digest), repository, digest, tags (separated by commas) and commit of what was published last, for tools that roll it out.")
        @Nullable
        ResultConfigMap resultConfigMap) {

    /** How much of the build the provenance attestation records. */
    public enum Provenance {
        Disabled,
        Min,
        Max
    }
}
