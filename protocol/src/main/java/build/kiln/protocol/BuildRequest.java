package build.kiln.protocol;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The build of one platform, or of several by one worker, complete and resolved: nothing in it is looked up again by the worker.
 * It carries no credential; those are mounted as files (see {@link WorkerPaths}).
 *
 * @param platform as docker writes it, for example {@code linux/arm64} or {@code linux/arm/v7}
 * @param source where the build context comes from
 * @param dockerfile the Dockerfile, by path inside the source or inline
 * @param target stage to build; the last one when null
 * @param buildArgs values for {@code ARG}
 * @param labels labels of the image's configuration
 * @param output what to push, and how
 * @param cache what the build need not do again; null when caching is off
 * @param secretIds ids of {@code RUN --mount=type=secret}, each a file under {@link WorkerPaths#SECRETS}
 * @param registries registries that are not plain HTTPS with a publicly trusted certificate
 * @param timeoutSeconds longest time from the worker's start to the pushed image; writing the cache comes after it
 * @param stallTimeoutSeconds longest time without any progress; null for no such limit
 * @param emulated whether the platform is foreign to the node, so RUN steps execute under QEMU
 * @param others platforms that the same worker builds besides, each with a solve of its own; everything that is not said of
 *     one holds for it too
 * @param askAbout platforms for which to ask the Dockerfile frontend which steps are executed; see
 *     {@link BuildResult.CrossCompiling}
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@RecordBuilder
public record BuildRequest(
        String platform,
        Source source,
        Dockerfile dockerfile,
        @Nullable String target,
        Map<String, String> buildArgs,
        Map<String, String> labels,
        Output output,
        @Nullable Cache cache,
        List<String> secretIds,
        List<Registry> registries,
        long timeoutSeconds,
        @Nullable Long stallTimeoutSeconds,
        boolean emulated,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<OtherPlatform> others,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<String> askAbout) {

    /** Canonical constructor: collections left out of the document are empty. */
    @SuppressWarnings("ConstantValue") // Jackson passes null for what the document leaves out.
    public BuildRequest {
        buildArgs = buildArgs == null ? Map.of() : buildArgs;
        labels = labels == null ? Map.of() : labels;
        secretIds = secretIds == null ? List.of() : List.copyOf(secretIds);
        registries = registries == null ? List.of() : List.copyOf(registries);
        others = others == null ? List.of() : List.copyOf(others);
        askAbout = askAbout == null ? List.of() : List.copyOf(askAbout);
    }

    /** The platforms that the worker builds: its own first. */
    public List<String> platforms() {
        return Stream.concat(Stream.of(platform), others.stream().map(OtherPlatform::platform))
                .toList();
    }

    /**
     * A platform that the same worker builds besides.
     *
     * @param platform as docker writes it
     * @param cache registry cache; null when caching is off
     * @param emulated whether the platform is foreign to the node
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record OtherPlatform(String platform, @Nullable Cache cache, boolean emulated) {}

    /**
     * Exactly one of the two is set.
     *
     * @param git a commit of a git repository
     * @param inline files given literally
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Source(@Nullable Git git, @Nullable Inline inline) {}

    /**
     * @param url {@code http(s)://} address of the repository
     * @param commit full object id, the same for every platform of a run
     * @param subPath folder inside the repository that is the build context; the root when null
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Git(String url, String commit, @Nullable String subPath) {}

    /**
     * @param files relative path to content
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Inline(Map<String, String> files) {}

    /**
     * @param path inside the build context; {@code Dockerfile} unless said otherwise
     * @param inline the text itself, which then wins over {@code path}
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Dockerfile(String path, @Nullable String inline) {}

    /**
     * @param repository where the result is pushed by digest, without tag or digest
     * @param annotations OCI annotations of the image manifest
     * @param provenance {@code Disabled}, {@code Min} or {@code Max}
     * @param sourceDateEpoch {@code Commit}, seconds since the epoch, or null to leave times alone
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Output(
            String repository,
            Map<String, String> annotations,
            Provenance provenance,
            @Nullable String sourceDateEpoch) {

        /** Canonical constructor: annotations left out of the document are empty. */
        @SuppressWarnings("ConstantValue") // Jackson passes null for what the document leaves out.
        public Output {
            annotations = annotations == null ? Map.of() : annotations;
        }
    }

    /** How much of the build the SLSA provenance attestation records. */
    public enum Provenance {
        Disabled,
        Min,
        Max
    }

    /**
     * @param imports references in registries to read, tried in order, that of the export first; a missing one is not an error
     * @param export reference to write; null writes none
     * @param mode which steps are exported
     * @param compression of exported layers; null leaves them as they are
     * @param exportTimeoutSeconds longest time for all exports together, which come after {@code timeoutSeconds}
     * @param backends other places, read after the registry and in this order
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Cache(
            List<String> imports,
            @Nullable String export,
            CacheMode mode,
            @Nullable Compression compression,
            long exportTimeoutSeconds,
            @JsonInclude(JsonInclude.Include.NON_EMPTY) List<CacheBackend> backends) {

        /** Canonical constructor: backends left out of the document are none. */
        @SuppressWarnings("ConstantValue") // Jackson passes null for what the document leaves out.
        public Cache {
            backends = backends == null ? List.of() : List.copyOf(backends);
        }

        /** A cache in a registry alone. */
        public Cache(
                List<String> imports,
                @Nullable String export,
                CacheMode mode,
                @Nullable Compression compression,
                long exportTimeoutSeconds) {
            this(imports, export, mode, compression, exportTimeoutSeconds, List.of());
        }

        /** Whether anything is written. */
        public boolean exports() {
            return export != null || backends.stream().anyMatch(CacheBackend::export);
        }
    }

    /**
     * @param type {@code gzip}, {@code zstd}, {@code estargz} or {@code uncompressed}, as BuildKit writes it
     * @param level BuildKit's default for the type when null
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Compression(String type, @Nullable Integer level) {}

    /** {@code Max} exports every step, {@code Min} only those of the final image. */
    public enum CacheMode {
        Min,
        Max
    }

    /**
     * @param host as it stands in image references, with port
     * @param insecure plain HTTP
     * @param ca PEM certificates to trust; the system's when null
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Registry(
            String host, boolean insecure, @Nullable String ca) {}
}
