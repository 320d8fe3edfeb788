package build.kiln.worker;

import build.kiln.worker.SolveStatus.Transfer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The layers that a build fetched from registries, as far as the daemon tells. */
final class PulledLayers {
    private static final int MAX_LAYERS = 20_000;
    /** Transfers of layers have their digest for an id; what is done with them has more words. */
    private static final String LAYER = "sha256:";

    private final Map<String, Transfer> layers = new HashMap<>();

    void add(Transfer transfer) {
        boolean known = layers.containsKey(transfer.id());
        if (transfer.id().startsWith(LAYER) && (known || layers.size() < MAX_LAYERS)) {
            layers.merge(transfer.id(), transfer, (a, b) -> b.current() < a.current() ? a : b);
        }
    }

    /** By digest. */
    Map<String, Long> bytes() {
        Map<String, Long> bytes = new HashMap<>();
        layers.forEach((layer, transfer) -> bytes.put(layer, transfer.current()));
        return bytes;
    }

    /**
     * For how long one of these was under way.
     *
     * @param operations that count from their start to their end
     * @param vertexes whose layers count
     */
    Duration time(List<Operation> operations, Predicate<String> vertexes) {
        List<Interval> intervals = new ArrayList<>();
        operations.forEach(operation -> add(intervals, operation.firstStarted(), operation.completed()));
        layers.values().stream()
                .filter(layer -> vertexes.test(layer.vertex()))
                .forEach(layer -> add(intervals, layer.started(), layer.completed()));
        intervals.sort(Comparator.comparing(Interval::from));
        Duration time = Duration.ZERO;
        Instant counted = Instant.MIN;
        for (Interval interval : intervals) {
            Instant from = interval.from().isBefore(counted) ? counted : interval.from();
            if (interval.to().isAfter(from)) {
                time = time.plus(Duration.between(from, interval.to()));
                counted = interval.to();
            }
        }
        return time;
    }

    private record Interval(Instant from, Instant to) {}

    private static void add(List<Interval> intervals, @Nullable Instant from, @Nullable Instant to) {
        if (from != null && to != null) {
            intervals.add(new Interval(from, to));
        }
    }
}
