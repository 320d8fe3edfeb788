package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** The Dockerfile: a path inside the source, or its text. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "!(has(self.path) && has(self.inline))",
        message = "dockerfile: write either path or inline, not both")
public record Dockerfile(
        @Size(min = 1, max = 1024)
        @Pattern("^[^/].*$")
        @JsonPropertyDescription("Path relative to the root of the build context. Defaults to Dockerfile.")
        @Nullable
        String path,

        @Size(min = 1, max = 65536)
        @JsonPropertyDescription("The text of the Dockerfile; it may accompany any source.")
        @Nullable
        String inline) {}
