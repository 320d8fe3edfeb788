package build.kiln.operator.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Gauge of the nodes that cannot run workers. No tag takes a value per node. */
public final class NodeMetrics {
    /**
     * @param profile of the workers
     * @param reason why they cannot, in one word of docs/support-matrix.md
     */
    public record Unsupported(String profile, String reason) {}

    private final MultiGauge unsupported;
    private final Supplier<Map<Unsupported, Long>> counts;

    /**
     * @param registry of the gauge
     * @param counts reads the nodes
     */
    public NodeMetrics(MeterRegistry registry, Supplier<Map<Unsupported, Long>> counts) {
        this.counts = counts;
        this.unsupported = MultiGauge.builder("kiln.nodes.unsupported")
                .description("Nodes that cannot run workers of a profile")
                .register(registry);
    }

    /** Reads the nodes; before each scrape. */
    public void update() {
        unsupported.register(
                counts.get().entrySet().stream()
                        .map(count -> MultiGauge.Row.of(
                                Tags.of(
                                        "profile", count.getKey().profile(),
                                        "reason", count.getKey().reason()),
                                count.getValue()))
                        .collect(Collectors.toList()),
                true);
    }
}
