package build.kiln.operator.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Gauges of the queue. No tag takes a value per object or per namespace. */
public final class QueueMetrics {
    private final MultiGauge queued;
    private final MultiGauge running;
    private final Supplier<QueueCounts> counts;

    /**
     * @param registry of the gauges
     * @param counts reads the queue
     */
    public QueueMetrics(MeterRegistry registry, Supplier<QueueCounts> counts) {
        this.counts = counts;
        this.queued = MultiGauge.builder("kiln.platforms.queued")
                .description("Platforms that wait for their turn")
                .register(registry);
        this.running = MultiGauge.builder("kiln.platforms.running")
                .description("Worker pods that have not ended")
                .register(registry);
    }

    /** Reads the queue; before each scrape. */
    public void update() {
        QueueCounts now = counts.get();
        register(queued, now.queued(), one -> Tags.of("platform", one.platform(), "reason", one.reason()));
        register(running, now.running(), platform -> Tags.of("platform", platform));
    }

    private static <K> void register(MultiGauge gauge, Map<K, Long> counts, Function<K, Tags> tags) {
        gauge.register(
                counts.entrySet().stream()
                        .map(count -> MultiGauge.Row.of(tags.apply(count.getKey()), count.getValue()))
                        .collect(Collectors.toList()),
                true);
    }
}
