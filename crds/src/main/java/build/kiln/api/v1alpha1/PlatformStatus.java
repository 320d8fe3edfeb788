package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One platform of a run. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@RecordBuilder
public record PlatformStatus(
        @Required @JsonPropertyDescription("As in spec.platforms.")
        String platform,

        @JsonPropertyDescription("How far this platform has come.") @Nullable
        State state,

        @JsonPropertyDescription("Native: on a node of this architecture. Emulated: under QEMU.") @Nullable
        Mode mode,

        @JsonPropertyDescription("Why that mode, in one word.") @Nullable
        String modeReason,

        @JsonPropertyDescription("The same for people: what stands against the other mode.") @Nullable
        String modeMessage,

        @JsonPropertyDescription("How its pod is confined, see spec.worker.profile; absent before there is one.")
        @Nullable
        Profile profile,

        @JsonPropertyDescription(
                "Why no other profile does, or why none does, in one word of docs/support-matrix.md; absent where the first choice does.")
        @Nullable
        String profileReason,

        @JsonPropertyDescription("The same for people, and which nodes are avoided.") @Nullable
        String profileMessage,

        @JsonPropertyDescription("How it waited for a node of its architecture in this run; absent when it did not.")
        @Nullable
        NativeWait nativeWait,

        @JsonPropertyDescription("Counts the pods started for this platform in this run, from 1.") @Nullable
        Integer attempt,

        @Size(max = 16) @JsonPropertyDescription("Why the attempts before this one failed, oldest first.") @Nullable
        List<FailureReason> failedAttempts,

        @JsonPropertyDescription(
                "By how much the memory of this attempt's pod was multiplied, as in spec.retry.memoryFactor; absent when it was not.")
        @Nullable
        String memoryFactor,

        @JsonPropertyDescription("The worker pod of that attempt.") @Nullable
        String podName,

        @JsonPropertyDescription("The cache volume of that attempt; absent without spec.cache.volume.") @Nullable
        CacheVolume cacheVolume,

        @JsonPropertyDescription("The node it runs on.") @Nullable
        String nodeName,

        @JsonPropertyDescription("When the worker started, RFC 3339.") @Nullable
        String startTime,

        @JsonPropertyDescription("When it ended, RFC 3339.") @Nullable
        String completionTime,

        @JsonPropertyDescription("Steps of the Dockerfile (RUN, COPY, ADD, WORKDIR) taken from the cache.") @Nullable
        Integer cachedSteps,

        @JsonPropertyDescription("Steps of the Dockerfile (RUN, COPY, ADD, WORKDIR).") @Nullable
        Integer totalSteps,

        @JsonPropertyDescription("Bytes of layers that were pulled, of base images and of caches.") @Nullable
        Long pulledBytes,

        @JsonPropertyDescription(
                "Bytes that the worker pod sent over the network: the image, the cache, and what steps sent themselves.")
        @Nullable
        Long sentBytes,

        @JsonPropertyDescription("What the cache did; absent without one.") @Nullable
        CacheUse cache,

        @JsonPropertyDescription("What acceleration came to; absent where it was off or the platform native.") @Nullable
        Acceleration acceleration,

        @JsonPropertyDescription(
                "Digest of this platform's image manifest, as the published image lists it; absent before.")
        @Nullable
        String digest,

        @JsonPropertyDescription("What the worker pushed: the image manifest, or an index of it and its attestations.")
        @Nullable
        Pushed pushed,

        @JsonPropertyDescription(
                "Whether a temporary tag may keep the registry from removing what was pushed until the image is published.")
        @Nullable
        Boolean temporaryTag,

        @JsonPropertyDescription("Why the platform failed or waits, in one word.") @Nullable
        String reason,

        @JsonPropertyDescription("The same for people.") @Nullable
        String message) {

    /** How far a platform has come. */
    public enum State {
        Pending,
        WaitingForNode,
        Starting,
        Building,
        Retrying,
        Succeeded,
        Failed,
        Cancelled
    }

    /** Where RUN steps execute. */
    public enum Mode {
        Native,
        Emulated
    }

    /** How a pod is confined. */
    public enum Profile {
        Baseline,
        Rootless
    }

    /** Where an attempt keeps the state of BuildKit, and what it found there. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record CacheVolume(
            @JsonPropertyDescription("The PersistentVolumeClaim; absent when the attempt does without.") @Nullable
            String claimName,

            @JsonPropertyDescription(
                    "New: nothing was on it yet. Reused: the state of the runs before. Emptied: what was on it could not be used. Unavailable: the attempt keeps its state in the pod. Absent until the attempt has succeeded.")
            @Nullable
            VolumeState state,

            @JsonPropertyDescription("Why, for people.") @Nullable
            String message) {}

    /** What an attempt found on its cache volume. */
    public enum VolumeState {
        New,
        Reused,
        Emptied,
        Unavailable
    }

    /** A platform's wait for a node of its architecture. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record NativeWait(
            @JsonPropertyDescription("Since when its pod waits, RFC 3339; absent when none does.") @Nullable
            String startTime,

            @JsonPropertyDescription(
                    "When that ends, RFC 3339: the platform is then emulated, or fails if it may not be or there is no node to emulate on.")
            @Nullable
            String deadline,

            @Required @JsonPropertyDescription("For how many seconds its pods waited in this run before that.")
            long seconds) {}

    /** How programs of an emulated platform ran. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Acceleration(
            @Required @JsonPropertyDescription("Starts of programs that ran as native programs.")
            long nativeStarts,

            @Required @JsonPropertyDescription("Starts of programs that ran under QEMU.")
            long emulatedStarts,

            @Size(max = 8)
            @JsonPropertyDescription(
                    "Compilers and linkers that have no native program, those started most often first.")
            @Nullable
            List<Unmatched> unmatched) {}

    /** A compiler or linker that no native program stands in for. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Unmatched(
            @Required @JsonPropertyDescription("Its path in the build container.")
            String path,

            @JsonPropertyDescription("Its GNU build id; absent when it has none.") @Nullable
            String buildId,

            @Required @JsonPropertyDescription("How often it was started.")
            long starts) {}

    /** A descriptor of the OCI image specification, enough to fetch the content again by digest. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Pushed(
            @Required @JsonPropertyDescription("Digest of the manifest or index.")
            String digest,

            @Required @JsonPropertyDescription("Its media type.")
            String mediaType,

            @Required @JsonPropertyDescription("Its size in bytes.")
            long size) {}
}
