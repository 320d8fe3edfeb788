package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.soabase.recordbuilder.core.RecordBuilder;
import org.jspecify.annotations.Nullable;

/** What the cache did for one platform of a run. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@RecordBuilder
public record CacheUse(
        @JsonPropertyDescription(
                "Imported: the cache of this platform and scope was read. OtherImported: it was not, but that of another scope or platform. Missing: there is none. Broken: its manifest is there, and no longer all layers. Failed: none could be read.")
        @Nullable
        ImportResult importResult,

        @JsonPropertyDescription(
                "Exported: the cache was written. Partly: to some places of several. TimedOut: it took longer than cache.exportTimeoutSeconds. Failed: the registry or the backend did not take it. Stopped: the worker was told to stop. The image is published in any case.")
        @Nullable
        ExportResult exportResult,

        @JsonPropertyDescription("How long manifests and layers of caches were being fetched, in milliseconds.")
        @Nullable
        Long importMilliseconds,

        @JsonPropertyDescription("How long writing the cache took, in milliseconds.") @Nullable
        Long exportMilliseconds,

        @JsonPropertyDescription(
                "Why the build was cold though a cache was to be expected, as in the condition CacheCold; absent otherwise.")
        @Nullable
        ColdReason cold,

        @JsonPropertyDescription(
                "The first step of the Dockerfile that was executed; absent when all came from the cache.")
        @Nullable
        String missedStep,

        @JsonPropertyDescription(
                "What the registry said, the backend or BuildKit, when a cache could not be read or written.")
        @Nullable
        String problem) {

    /** What became of the caches to read. */
    public enum ImportResult {
        Imported,
        OtherImported,
        Missing,
        Broken,
        @JsonEnumDefaultValue
        Failed
    }

    /** What became of the cache to write. */
    public enum ExportResult {
        Exported,
        Partly,
        TimedOut,
        @JsonEnumDefaultValue
        Failed,
        Stopped
    }

    /** Why a build was cold that should have been warm. */
    public enum ColdReason {
        /** There is no cache of this platform and scope, and nothing says that one was ever written. */
        NoManifest,
        /** An earlier run wrote it, and it is no longer there, or not all of it. */
        Expired,
        /** Runs of this object wrote caches in this scope, but for other platforms only. */
        OtherPlatform,
        /** The inputs differ from those of the run that wrote it. */
        ChangedInput,
        /** It could not be read. */
        ImportFailed,
        /** It was read, and the steps in it did not match; nothing says why. */
        @JsonEnumDefaultValue
        Unknown
    }
}
