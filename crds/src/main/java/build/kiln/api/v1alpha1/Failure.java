package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.soabase.recordbuilder.core.RecordBuilder;
import org.jspecify.annotations.Nullable;

/** Why a run failed, complete enough to read after the pods are gone. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@RecordBuilder
public record Failure(
        @JsonPropertyDescription("The platform that failed; absent when the run failed before or after the platforms.")
        @Nullable
        String platform,

        @Required @JsonPropertyDescription("One word for programs.")
        FailureReason reason,

        @JsonPropertyDescription("The instruction of the Dockerfile that failed.") @Nullable
        String step,

        @JsonPropertyDescription("Where it stands: file and line, such as Dockerfile:12.") @Nullable
        String location,

        @JsonPropertyDescription("Exit code of the process that failed.") @Nullable
        Integer exitCode,

        @JsonPropertyDescription("The last lines it wrote.") @Nullable
        String logTail) {}
