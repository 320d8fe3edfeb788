package build.kiln.operator.imagebuild;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;

/**
 * Reads objects whichever version of Kiln wrote them. A word that a newer version added, and that this one does not know after
 * a rollback, counts as none, or as the default of its kind where there has to be one: a single such object must not
 * keep the others from being listed.
 */
public final class StoredObjects {
    private StoredObjects() {}

    /** For clients of the API server. */
    public static KubernetesSerialization serialization() {
        ObjectMapper mapper = new ObjectMapper()
                .enable(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_AS_NULL)
                .enable(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_USING_DEFAULT_VALUE);
        return new KubernetesSerialization(mapper, true);
    }
}
