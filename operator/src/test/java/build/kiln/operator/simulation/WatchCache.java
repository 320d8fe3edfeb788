package build.kiln.operator.simulation;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One operator's cache of one kind: it follows the changes of the API server, in order, as far behind as it may be, and puts
 * what the operator wrote itself over what the watch has brought so far, as the framework does.
 */
final class WatchCache<T extends HasMetadata> {
    private final Table<T> table;
    private final BiConsumer<@Nullable T, @Nullable T> listener;
    private final Map<String, T> watched = new LinkedHashMap<>();
    private final Map<String, T> own = new LinkedHashMap<>();
    /** Uids whose deletion was seen: the framework does not let them rise again. */
    private final Set<String> gone = new HashSet<>();

    private int position;

    /**
     * @param table that it follows
     * @param listener is told of each object before and after a change
     */
    WatchCache(Table<T> table, BiConsumer<@Nullable T, @Nullable T> listener) {
        this.table = table;
        this.listener = listener;
    }

    boolean isBehind() {
        return position < table.changes().size();
    }

    /** The next change arrives. */
    Table.Change<T> next() {
        Table.Change<T> change = table.changes().get(position++);
        apply(change.key(), change.object(), change.revision());
        return change;
    }

    /** The watch starts again from a list: whatever lies between is never seen. */
    void relist() {
        position = table.changes().size();
        for (String key : List.copyOf(watched.keySet())) {
            if (table.get(key) == null) {
                apply(key, null, Long.MAX_VALUE);
            }
        }
        own.keySet().removeIf(key -> table.get(key) == null);
        table.all().forEach(object -> apply(Table.key(object), object, Table.revision(object)));
    }

    /** The operator wrote this. */
    void wrote(T object) {
        T known = get(Table.key(object));
        if (gone.contains(object.getMetadata().getUid())) {
            return;
        }
        if (known == null || Table.revision(known) < Table.revision(object)) {
            own.put(Table.key(object), object);
        }
    }

    @Nullable
    T get(String key) {
        T mine = own.get(key);
        return mine == null ? watched.get(key) : mine;
    }

    Collection<T> all() {
        Map<String, T> all = new LinkedHashMap<>(watched);
        all.putAll(own);
        return new ArrayList<>(all.values());
    }

    private void apply(String key, @Nullable T object, long revision) {
        T before = get(key);
        T mine = own.get(key);
        if (mine != null && Table.revision(mine) <= revision) {
            own.remove(key);
        }
        if (object == null) {
            watched.remove(key);
            if (before != null) {
                gone.add(before.getMetadata().getUid());
            }
        } else {
            watched.put(key, object);
        }
        listener.accept(before, get(key));
    }
}
