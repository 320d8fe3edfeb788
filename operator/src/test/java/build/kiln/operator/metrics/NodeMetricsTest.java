package build.kiln.operator.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.operator.metrics.NodeMetrics.Unsupported;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class NodeMetricsTest {
    @Test
    void nodesThatAreMendedAreForgotten() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        Map<Unsupported, Long> counts = new HashMap<>(Map.of(new Unsupported("Baseline", "TooFewIDs"), 3L));
        NodeMetrics metrics = new NodeMetrics(registry, () -> counts);

        metrics.update();
        assertThat(registry.get("kiln.nodes.unsupported")
                        .tags("profile", "Baseline", "reason", "TooFewIDs")
                        .gauge()
                        .value())
                .isEqualTo(3);

        counts.clear();
        metrics.update();
        assertThat(registry.find("kiln.nodes.unsupported").gauge()).isNull();
    }
}
