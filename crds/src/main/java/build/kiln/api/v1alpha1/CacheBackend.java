package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** A place for the cache beside the registry. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value =
                "[has(self.s3), has(self.azblob), has(self.gha), has(self.inline), has(self.local)].filter(kind, kind).size() == 1",
        message = "cache.backends: write exactly one of s3, azblob, gha, inline and local in each")
public record CacheBackend(
        @JsonPropertyDescription("A bucket of Amazon S3, or of another service with its interface.") @Nullable
        S3 s3,

        @JsonPropertyDescription("A container of Azure Blob Storage.") @Nullable
        Azblob azblob,

        @JsonPropertyDescription("The cache of GitHub Actions, in version 2 of its service.") @Nullable
        Gha gha,

        @JsonPropertyDescription(
                "The image itself: it says in its configuration which steps its layers come from. Only steps of the final image can be taken from it, as with mode Min. It is read by output.tags.")
        @Nullable
        Inline inline,

        @JsonPropertyDescription(
                "A folder on the cache volume, beside the state of BuildKit: it stays when that is emptied, as after an update of BuildKit.")
        @Nullable
        Local local,

        @Default("true")
        @JsonPropertyDescription(
                "Whether the cache is written there after the build. False only reads it; so does cache.export for all places. Defaults to true.")
        @Nullable
        Boolean export) {

    /** A bucket. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record S3(
            @Required
            @Size(min = 3, max = 63)
            @Pattern("^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$")
            @JsonPropertyDescription("Name of the bucket. Kiln does not create it.")
            String bucket,

            @Required
            @Size(min = 1, max = 64)
            @Pattern("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
            @JsonPropertyDescription(
                    "Its region, such as eu-central-1. Services without regions take us-east-1, that of Google auto.")
            String region,

            @Size(max = 1024)
            @Pattern("^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?$")
            @JsonPropertyDescription(
                    "Address of another service than Amazon's, such as https://storage.googleapis.com or http://minio.storage:9000.")
            @Nullable
            String endpoint,

            @Size(max = 256)
            @Pattern("^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?$")
            @JsonPropertyDescription("Folder in the bucket. Defaults to its top.")
            @Nullable
            String prefix,

            @Default("false")
            @JsonPropertyDescription(
                    "Whether addresses name the bucket in their path and not in the host name, as most services besides Amazon's want it. Defaults to false.")
            @Nullable
            Boolean usePathStyle,

            @Required
            @JsonPropertyDescription(
                    "Secret in this namespace with the keys accessKeyId and secretAccessKey, and sessionToken for temporary credentials.")
            LocalReference secretRef) {}

    /** A container of a storage account. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Azblob(
            @Required
            @Size(max = 1024)
            @Pattern("^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9-]+)?/?$")
            @JsonPropertyDescription("Address of the storage account, such as https://shop.blob.core.windows.net.")
            String accountUrl,

            @Size(min = 3, max = 24)
            @Pattern("^[a-z0-9]+$")
            @JsonPropertyDescription("Name of the storage account. Defaults to the first part of the address's host.")
            @Nullable
            String accountName,

            @Required
            @Size(min = 3, max = 63)
            @Pattern("^[a-z0-9]+(-[a-z0-9]+)*$")
            @JsonPropertyDescription("The container. It is created when there is none and the cache is written.")
            String container,

            @Size(max = 256)
            @Pattern("^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?$")
            @JsonPropertyDescription("Folder in the container. Defaults to its top.")
            @Nullable
            String prefix,

            @Required
            @JsonPropertyDescription(
                    "Secret in this namespace with the key accountKey: one of the two access keys of the account.")
            LocalReference secretRef) {}

    /** The cache of GitHub Actions. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Gha(
            @Required
            @Size(max = 1024)
            @Pattern("^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._/-]*)?$")
            @JsonPropertyDescription("Address of the service: what a job has in ACTIONS_RESULTS_URL.")
            String url,

            @Required
            @JsonPropertyDescription(
                    "Secret in this namespace with the key token: what a job has in ACTIONS_RUNTIME_TOKEN. It expires soon after the job.")
            LocalReference secretRef) {}

    /** The image itself. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Inline() {}

    /** A folder on the cache volume. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Local() {}
}
