package build.kiln.protocol;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What came of the build of one platform, or of several by one worker. Fits in {@value #MAX_BYTES} bytes of JSON, the limit of a termination message. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "result")
@JsonSubTypes({
    @JsonSubTypes.Type(value = BuildResult.Succeeded.class, name = "succeeded"),
    @JsonSubTypes.Type(value = BuildResult.Failed.class, name = "failed")
})
public sealed interface BuildResult {
    /** The kubelet cuts a termination message here. */
    int MAX_BYTES = 4096;

    /** The request's own; in a failure, the one of the request's platforms that failed. */
    String platform();

    /** Counts of the Dockerfile's own operations. */
    Steps steps();

    /** When things happened. */
    Timings timings();

    /** How programs of an accelerated platform ran; null when acceleration was off. */
    @Nullable
    Acceleration acceleration();

    /** The same result, with how its programs ran. */
    default BuildResult withAcceleration(Acceleration acceleration) {
        return switch (this) {
            case Succeeded succeeded ->
                BuildResultSucceededBuilder.builder(succeeded)
                        .acceleration(acceleration)
                        .build();
            case Failed failed ->
                BuildResultFailedBuilder.builder(failed)
                        .acceleration(acceleration)
                        .build();
        };
    }

    /**
     * @param platform as in the request
     * @param pushed what was pushed, as the exporter reported it: an image manifest, or an index of it and its attestations
     * @param steps counts of steps
     * @param timings when things happened
     * @param baseImages resolved {@code FROM} images as {@code name@digest}; cut when there are too many for the message
     * @param acceleration how programs of an accelerated platform ran; null when acceleration was off
     * @param cacheVolume what was found on the cache volume; null without one
     * @param cache what became of the cache; null when the request has none
     * @param traffic what went over the network, for all platforms; null when the worker does not tell
     * @param others what came of the request's other platforms, in its order
     * @param crossCompiling what the Dockerfile frontend says of the steps; null when it was not to be asked
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @RecordBuilder
    record Succeeded(
            String platform,
            Pushed pushed,
            Steps steps,
            Timings timings,
            List<String> baseImages,
            @Nullable Acceleration acceleration,
            @Nullable CacheVolume cacheVolume,
            @Nullable CacheUse cache,
            @Nullable Traffic traffic,
            @JsonInclude(JsonInclude.Include.NON_EMPTY) List<OtherPlatform> others,
            @Nullable CrossCompiling crossCompiling)
            implements BuildResult {
        /** Canonical constructor: lists left out of the document are empty. */
        @SuppressWarnings("ConstantValue") // Jackson passes null for what the document leaves out.
        public Succeeded {
            baseImages = baseImages == null ? List.of() : List.copyOf(baseImages);
            others = others == null ? List.of() : List.copyOf(others);
        }

        /** The result of a build without acceleration and without caches. */
        public Succeeded(String platform, Pushed pushed, Steps steps, Timings timings, List<String> baseImages) {
            this(platform, pushed, steps, timings, baseImages, null, null, null, null, List.of(), null);
        }
    }

    /**
     * @param platform the one that failed
     * @param reason why
     * @param message one or two sentences: what, where, what to do now; without secrets
     * @param step the Dockerfile instruction that failed, for example {@code RUN make}
     * @param location Dockerfile and line, for example {@code Dockerfile:12}
     * @param exitCode of the process that failed
     * @param logTail last lines of output, cut to fit
     * @param steps counts of steps
     * @param timings when things happened
     * @param registrySecret number of the folder under {@link WorkerPaths#DOCKER_CONFIGS} whose credentials a registry
     *     refused, or whose content is malformed; null when no Secret is at fault
     * @param acceleration how programs of an accelerated platform ran; null when acceleration was off
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @RecordBuilder
    record Failed(
            String platform,
            FailureReason reason,
            String message,
            @Nullable String step,
            @Nullable String location,
            @Nullable Integer exitCode,
            @Nullable String logTail,
            Steps steps,
            Timings timings,
            @Nullable Integer registrySecret,
            @Nullable Acceleration acceleration)
            implements BuildResult {}

    /**
     * What came of a platform that was built besides. Flat, and without what is the same for all: as many as the API takes have
     * to fit.
     *
     * @param platform as in the request
     * @param digest of what was pushed; its media type is that of the request's own platform
     * @param size in bytes
     * @param total operations of this platform's build
     * @param cached of these, taken from a cache
     * @param cache what became of the cache; null when the request has none, or it did not fit
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @RecordBuilder
    record OtherPlatform(
            String platform,
            String digest,
            long size,
            int total,
            int cached,
            @Nullable CacheUse cache) {}

    /**
     * Whether every step that is executed, for whichever of the platforms asked about, runs on the worker's own architecture.
     *
     * @param answer in one word
     * @param detail the first step that does not, or why it is not known; null when there is nothing to explain
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record CrossCompiling(Answer answer, @Nullable String detail) {
        /** In one word. */
        public enum Answer {
            Yes,
            No,
            /** The frontend cannot say, or did not in time. */
            Unknown
        }
    }

    /**
     * A descriptor of the OCI image specification, as far as the operator needs it to fetch the content by digest.
     *
     * @param mediaType of the manifest or index
     * @param digest {@code sha256:...}
     * @param size in bytes
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Pushed(String mediaType, String digest, long size) {}

    /**
     * Counts the Dockerfile's own operations (RUN, COPY, ADD, WORKDIR), not FROM or BuildKit's internal vertices.
     *
     * @param total operations of this platform's build
     * @param cached of these, taken from a cache
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Steps(int total, int cached) {
        /** Nothing was executed. */
        public static final Steps NONE = new Steps(0, 0);
    }

    /**
     * Starts of programs in the build's RUN steps. These can write the counters: the numbers are no evidence of anything.
     *
     * @param nativeStarts programs that ran as native twins
     * @param emulatedStarts programs that ran under QEMU
     * @param unmatched compilers and linkers without a twin, those started most often first; cut to fit
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Acceleration(long nativeStarts, long emulatedStarts, List<Unmatched> unmatched) {
        /** Canonical constructor: a list left out of the document is an empty one. */
        @SuppressWarnings("ConstantValue") // Jackson passes null for what the document leaves out.
        public Acceleration {
            unmatched = unmatched == null ? List.of() : List.copyOf(unmatched);
        }
    }

    /**
     * What the sidecar's launcher found on a volume that outlives the pod.
     *
     * @param state what became of it
     * @param reason why it was emptied; null otherwise
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record CacheVolume(VolumeState state, @Nullable String reason) {}

    /** What became of the state on a cache volume. */
    enum VolumeState {
        /** There was none. */
        New,
        /** BuildKit goes on with it. */
        Reused,
        /** BuildKit could not have gone on with it. */
        Emptied
    }

    /**
     * @param path of the program in the build container
     * @param buildId its GNU build id in hexadecimal digits; null when it has none
     * @param starts how often it was started
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Unmatched(String path, @Nullable String buildId, long starts) {}

    /**
     * What became of the cache.
     *
     * @param importResult of reading; null when nothing was to be read, or the build came to no import
     * @param exportResult of writing; null when nothing was to be written
     * @param problem in the words of the registry, the backend or BuildKit, of the first that failed; bounded by the worker
     * @param missedStep the first instruction that was executed although a cache was read; null when none was
     * @param importMillis how long manifests and layers of caches were being fetched, in milliseconds
     * @param exportMillis how long writing took, in milliseconds, whatever came of it; null when nothing was to be written
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @RecordBuilder
    record CacheUse(
            @Nullable ImportResult importResult,
            @Nullable ExportResult exportResult,
            @Nullable String problem,
            @Nullable String missedStep,
            long importMillis,
            @Nullable Long exportMillis) {}

    /** What became of the caches to read. */
    enum ImportResult {
        /** The build's own was read. */
        Imported,
        /** Its own was not, but another one. */
        OtherImported,
        /** There is none of them. */
        Missing,
        /** The manifest is there, and no longer all that it lists. */
        Broken,
        /** None could be read, and nobody said that there is none. */
        Failed
    }

    /** What became of the cache to write. */
    enum ExportResult {
        Exported,
        /** Some of several were written. */
        Partly,
        /** It was not done in the time given. */
        TimedOut,
        Failed,
        /** The worker was told to stop. */
        Stopped
    }

    /**
     * @param pulledBytes layers that the build fetched, of base images and of caches
     * @param sentBytes what left the pod while it built, steps included; null when the kernel does not tell
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Traffic(long pulledBytes, @Nullable Long sentBytes) {}

    /**
     * Milliseconds since the epoch; null when it did not come to that.
     *
     * @param started the worker's first instruction
     * @param daemonReady the daemon answered
     * @param finished the image was pushed, or the failure known
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Timings(
            long started,
            @Nullable Long daemonReady,
            @Nullable Long finished) {}
}
