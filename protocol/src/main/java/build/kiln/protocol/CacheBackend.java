package build.kiln.protocol;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A place for the cache beside the registry. Names in it say whose cache one is, as references do in a registry. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({@JsonSubTypes.Type(value = CacheBackend.S3.class, name = "s3")})
public sealed interface CacheBackend {
    /** Its place in {@code spec.cache.backends}, from 0; also the name of the folder with its credentials. */
    int number();

    /** Caches to read, tried in order; the build's own comes first. */
    List<String> names();

    /** Whether the first of {@link #names()} is written too. */
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
}
