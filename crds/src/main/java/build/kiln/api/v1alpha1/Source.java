package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where the build context comes from. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(value = "has(self.git) != has(self.inline)", message = "source: write exactly one of git and inline")
public record Source(
        @JsonPropertyDescription("A git repository, read over HTTP or HTTPS.") @Nullable
        Git git,

        @JsonPropertyDescription("A few small files, given literally.") @Nullable
        Inline inline) {

    /** A revision of a git repository; it is resolved once per run, and all platforms build the same commit. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "self.url.matches('^https?://[^\\\\s@#?]+$')",
            message =
                    "source.git.url: write an http:// or https:// address without user name, query or fragment; credentials go into a Secret that source.git.secretRef names")
    @ValidationRule(
            value = "!has(self.poll) || !has(self.revision) || !self.revision.matches('^([0-9a-f]{40}|[0-9a-f]{64})$')",
            message =
                    "source.git.poll: a commit never moves; write a branch in source.git.revision, or remove source.git.poll")
    public record Git(
            @Required
            @Size(min = 1, max = 2048)
            @Pattern("^https?://[^\\s@#?]+$")
            @JsonPropertyDescription(
                    "Address of the repository, http:// or https://, without user name, query or fragment; credentials come from secretRef.")
            String url,

            @Size(min = 1, max = 255)
            @Pattern("^[^\\s~^:?*\\[\\\\-][^\\s~^:?*\\[\\\\]*$")
            @JsonPropertyDescription(
                    "A branch, a tag, a full reference (refs/...) or a full commit id. Defaults to the repository's default branch.")
            @Nullable
            String revision,

            @Size(min = 1, max = 1024)
            @Pattern("^[^/].*$")
            @JsonPropertyDescription("Folder inside the repository that is the build context. Defaults to its root.")
            @Nullable
            String subPath,

            @JsonPropertyDescription(
                    "Secret in this namespace with the keys username and password (type kubernetes.io/basic-auth), for a private repository.")
            @Nullable
            LocalReference secretRef,

            @JsonPropertyDescription(
                    "Starts a run when the revision points at another commit. Unset: never; the commit is looked up only when something else starts a run.")
            @Nullable
            SourcePoll poll) {}

    /** Files given literally. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Inline(
            @Required
            @Size(min = 1, max = 64)
            @JsonPropertyDescription(
                    "Relative path to content, together at most 64 KiB. A file named Dockerfile is the Dockerfile unless dockerfile says otherwise.")
            Map<String, @Size(max = 65536) String> files) {}
}
