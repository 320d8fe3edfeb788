package build.kiln.operator.simulation;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Objects of one kind as the API server stores them, and everything that ever happened to them, in order. */
final class Table<T extends HasMetadata> {
    /**
     * @param key of the object
     * @param object as it became; null when it was removed
     * @param revision of the change
     */
    record Change<T>(String key, @Nullable T object, long revision) {}

    private final Map<String, T> objects = new LinkedHashMap<>();
    private final List<Change<T>> changes = new ArrayList<>();

    static String key(HasMetadata object) {
        return object.getMetadata().getNamespace() + "/" + object.getMetadata().getName();
    }

    static long revision(HasMetadata object) {
        return Long.parseLong(object.getMetadata().getResourceVersion());
    }

    @Nullable
    T get(String key) {
        return objects.get(key);
    }

    Collection<T> all() {
        return List.copyOf(objects.values());
    }

    List<Change<T>> changes() {
        return changes;
    }

    void put(T object) {
        objects.put(key(object), object);
        changes.add(new Change<>(key(object), object, revision(object)));
    }

    void remove(String key, long revision) {
        objects.remove(key);
        changes.add(new Change<>(key, null, revision));
    }
}
