package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.soabase.recordbuilder.core.RecordBuilder;
import org.jspecify.annotations.Nullable;

/** What is tried again. A failure that the user has to mend never is. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "!has(self.memoryFactor) || self.memoryFactor.matches('^([1-7]([.][0-9]{1,2})?|8([.]0{1,2})?)$')",
        message =
                "retry.memoryFactor: write a number from 1.0 to 8.0 with at most two decimals, such as 2.0, in quotes")
@RecordBuilder
public record Retry(
        @Default("3")
        @Min(1)
        @Max(10)
        @JsonPropertyDescription(
                "Worker pods per platform and run at most, counting the first. Only failures of the infrastructure are tried again, after a pause that doubles from 10 s to 5 min. Defaults to 3.")
        @Nullable
        Integer maxAttempts,

        @Size(max = 8)
        @JsonPropertyDescription(
                "By how much to multiply memory requests and limits of the worker pod when an attempt ran out of memory, from \"1.0\" to \"8.0\", such as \"2.0\"; such a platform is then tried once more. Unset: running out of memory fails the run.")
        @Nullable
        String memoryFactor) {}
