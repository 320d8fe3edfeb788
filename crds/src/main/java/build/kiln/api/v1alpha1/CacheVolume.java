package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** BuildKit's state on volumes that outlive the worker pods: one PersistentVolumeClaim per platform. */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record CacheVolume(
        @Required
        @Pattern("^[1-9][0-9]{0,5}[MGT]i?$")
        @JsonPropertyDescription(
                "Size of each platform's volume, for example 20Gi. BuildKit begins to remove what was not used for longest when four fifths of it are full. Another size starts with empty volumes.")
        String size,

        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")
        @JsonPropertyDescription(
                "The StorageClass of the volumes. Its file system has to be a local one or a block device's, such as ext4 or XFS, not NFS. Another class starts with empty volumes. Defaults to the cluster's default class.")
        @Nullable
        String storageClassName,

        @Default("Delete")
        @JsonPropertyDescription(
                "What becomes of the volumes when the ImageBuild is deleted, a platform is removed from it, or this field is. Delete: they are deleted. Retain: they stay, and an ImageBuild of the same name finds them again. Defaults to Delete.")
        @Nullable
        Retention retention) {

    /** What becomes of volumes that nothing asks for any more. */
    public enum Retention {
        Delete,
        Retain
    }
}
