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
@ValidationRule(value = "has(self.s3)", message = "cache.backends: write s3")
public record CacheBackend(
        @JsonPropertyDescription("A bucket of Amazon S3, or of another service with its interface.") @Nullable
        S3 s3,

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
}
