package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import io.fabric8.kubernetes.api.model.Quantity;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The worker pods. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@RecordBuilder
public record WorkerSettings(
        @JsonPropertyDescription(
                "Baseline: a user-namespace pod that Pod Security baseline admits. Rootless: needs a namespace at level privileged. Auto: Baseline where a node can run it, else Rootless where the namespace admits it. Defaults to what the operator's administrator chose.")
        @Nullable
        Profile profile,

        @JsonPropertyDescription(
                "Resources of the container that runs BuildKit and the RUN steps. What is left out comes from the operator's configuration.")
        @Nullable
        Resources resources,

        @Size(min = 1, max = 253)
        @JsonPropertyDescription(
                "PriorityClass of the worker pods. Where the number of builds is limited, higher priorities start first.")
        @Nullable
        String priorityClassName) {

    /** How the daemon is confined. */
    public enum Profile {
        Auto,
        Baseline,
        Rootless
    }

    /** Resource requests and limits. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Resources(
            @JsonPropertyDescription(
                    "What the scheduler reserves, for example cpu: \"1\", memory: 2Gi, ephemeral-storage: 10Gi.")
            @Nullable
            Map<String, Quantity> requests,

            @JsonPropertyDescription("What the kernel enforces.") @Nullable
            Map<String, Quantity> limits) {}
}
