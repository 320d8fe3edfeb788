package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where and how platforms are built. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(value = PlacementSettings.NO_ARCHITECTURE, message = PlacementSettings.ARCHITECTURE_IS_CHOSEN)
@RecordBuilder
public record PlacementSettings(
        @JsonPropertyDescription(
                "Auto: on a node of the platform's architecture where one takes the pod, else under QEMU on another. Native: never under QEMU; the pod waits for a node of the architecture. Emulated: under QEMU on a node of another architecture, also where native nodes are free. A change starts no run. Defaults to what the operator's administrator chose, Auto.")
        @Nullable
        Mode mode,

        @Min(0)
        @Max(86400)
        @JsonPropertyDescription(
                "Auto: for how many seconds a platform waits for a node of its architecture that takes its pod, with a pending pod that autoscalers see, before it is emulated; 0 for not at all. No pod waits longer than the operator's worker.startTimeoutSeconds. Defaults to what the operator's administrator chose; where that is nothing, 120 while the cluster has such a node that is full, cordoned or not ready, else 0.")
        @Nullable
        Integer nativeWaitSeconds,

        @Size(max = 16)
        @JsonPropertyDescription(
                "Labels that the nodes of all worker pods must have, native or not. Kiln chooses kubernetes.io/arch and kubernetes.io/os itself.")
        @Nullable
        Map<String, @Size(max = 63) String> nodeSelector,

        @Size(max = 16)
        @JsonPropertyDescription(
                "Taints that all worker pods tolerate. Taints of an architecture (kubernetes.io/arch) are tolerated in any case.")
        @Nullable
        List<Toleration> tolerations,

        @JsonPropertyDescription(
                "Whether compilers of emulated platforms run as native programs that do the same: \"On\" or \"Off\", in quotes, because YAML reads both as a boolean without. The image stays the same; a change starts no run. Defaults to what the operator's administrator chose.")
        @Nullable
        Acceleration acceleration,

        @Size(max = 20) @JsonPropertyDescription("What differs for some of the platforms.") @Nullable
        List<OfPlatform> platforms) {
    static final String NO_ARCHITECTURE =
            "!has(self.nodeSelector) || !('kubernetes.io/arch' in self.nodeSelector || 'kubernetes.io/os' in self.nodeSelector)";
    static final String ARCHITECTURE_IS_CHOSEN =
            "nodeSelector: kubernetes.io/arch and kubernetes.io/os follow from the platform and placement.mode; remove them";

    /** On which nodes a platform may be built. */
    public enum Mode {
        Auto,
        Native,
        Emulated
    }

    /** Whether native programs stand in for foreign ones of exactly the same build. */
    public enum Acceleration {
        Off,
        On
    }

    /** What differs for one platform. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(value = PlacementSettings.NO_ARCHITECTURE, message = PlacementSettings.ARCHITECTURE_IS_CHOSEN)
    @RecordBuilder
    public record OfPlatform(
            @Required @Size(min = 1, max = 64) @JsonPropertyDescription("As in spec.platforms.")
            String platform,

            @JsonPropertyDescription("Goes before placement.mode.") @Nullable
            Mode mode,

            @Min(0) @Max(86400) @JsonPropertyDescription("Goes before placement.nativeWaitSeconds.") @Nullable
            Integer nativeWaitSeconds,

            @Size(max = 16)
            @JsonPropertyDescription(
                    "Labels that the nodes of this platform's pods must have besides placement.nodeSelector; of two values of one label this one counts.")
            @Nullable
            Map<String, @Size(max = 63) String> nodeSelector,

            @Size(max = 16)
            @JsonPropertyDescription("Taints that this platform's pods tolerate besides placement.tolerations.")
            @Nullable
            List<Toleration> tolerations,

            @JsonPropertyDescription("Goes before spec.worker.resources, resource by resource.")
            WorkerSettings.@Nullable Resources resources,

            @JsonPropertyDescription("Goes before placement.acceleration.") @Nullable
            Acceleration acceleration) {}

    /** A taint that pods tolerate, as in the specs of pods. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
            message = "tolerations: without a key, write operator: Exists, which tolerates every taint")
    @ValidationRule(
            value = "!has(self.value) || !has(self.operator) || self.operator == 'Equal'",
            message = "tolerations: operator Exists takes no value; remove it, or write operator: Equal")
    @ValidationRule(
            value = "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
            message = "tolerations: tolerationSeconds needs effect: NoExecute")
    public record Toleration(
            @Size(min = 1, max = 317) @JsonPropertyDescription("Key of the taint. Unset: every key.") @Nullable
            String key,

            @JsonPropertyDescription("Equal: the value has to be the same. Exists: any value. Defaults to Equal.")
            @Nullable
            Operator operator,

            @Size(max = 63) @JsonPropertyDescription("Value of the taint.") @Nullable
            String value,

            @JsonPropertyDescription("Effect of the taint. Unset: all effects.") @Nullable
            Effect effect,

            @JsonPropertyDescription(
                    "For how many seconds a taint with effect NoExecute is tolerated that comes later. Unset: for ever.")
            @Nullable
            Long tolerationSeconds) {

        /** How a taint's value is compared. */
        public enum Operator {
            Equal,
            Exists
        }

        /** What a taint does to pods that do not tolerate it. */
        public enum Effect {
            NoSchedule,
            PreferNoSchedule,
            NoExecute
        }
    }
}
