package build.kiln.protocol;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A place for the cache beside the registry. Names in it say whose cache one is, as references do in a registry. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = CacheBackend.S3.class, name = "s3"),
    @JsonSubTypes.Type(value = CacheBackend.Azblob.class, name = "azblob"),
    @JsonSubTypes.Type(value = CacheBackend.Gha.class, name = "gha"),
    @JsonSubTypes.Type(value = CacheBackend.Inline.class, name = "inline"),
    @JsonSubTypes.Type(value = CacheBackend.Local.class, name = "local")
})
public sealed interface CacheBackend {
    /** Its place in {@code spec.cache.backends}, from 0; also the name of the folder with its credentials. */
    int number();

    /** Caches to read, tried in order; the build's own comes first. */
    List<String> names();

    /** Whether the build's own is written too. */
    boolean export();

    /**
     * A bucket behind Amazon's S3 interface.
     *
     * @param endpoint address of the service; Amazon's for the region when null
     * @param prefix what the keys of all objects begin with; empty or ending in a slash
     * @param usePathStyle whether the bucket stands in the path of addresses instead of in the host name
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record S3(
            int number,
            List<String> names,
            boolean export,
            String bucket,
            String region,
            @Nullable String endpoint,
            String prefix,
            boolean usePathStyle)
            implements CacheBackend {
        /** Key of the Secret, and file name: the access key's id. */
        public static final String ACCESS_KEY_ID = "accessKeyId";

        /** Key of the Secret, and file name: the access key. */
        public static final String SECRET_ACCESS_KEY = "secretAccessKey";

        /** Key of the Secret, and file name: what temporary credentials have besides. */
        public static final String SESSION_TOKEN = "sessionToken";
    }

    /**
     * A container of Azure Blob Storage.
     *
     * @param accountUrl address of the storage account
     * @param accountName its name
     * @param container in it
     * @param prefix folder of all blobs, without slash at its ends; empty for none
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Azblob(
            int number,
            List<String> names,
            boolean export,
            String accountUrl,
            String accountName,
            String container,
            String prefix)
            implements CacheBackend {
        /** Key of the Secret, and file name: one of the two keys of the account. */
        public static final String ACCOUNT_KEY = "accountKey";
    }

    /**
     * The cache of GitHub Actions, its service in version 2.
     *
     * @param url address of the service
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Gha(int number, List<String> names, boolean export, String url) implements CacheBackend {
        /** Key of the Secret, and file name: the token of a job. */
        public static final String TOKEN = "token";
    }

    /**
     * The image itself.
     *
     * @param names references of images; all count as the build's own
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Inline(int number, List<String> names, boolean export) implements CacheBackend {}

    /**
     * The folder {@link WorkerPaths#LOCAL_CACHE}.
     *
     * @param names tags in that folder
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Local(int number, List<String> names, boolean export) implements CacheBackend {}
}
