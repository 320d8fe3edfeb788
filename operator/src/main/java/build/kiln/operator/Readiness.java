package build.kiln.operator;

import build.kiln.operator.http.HealthServer.Health;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.RegisteredController;
import io.javaoperatorsdk.operator.health.InformerWrappingEventSourceHealthIndicator;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether the caches are filled, on the active replica and on the others alike. A watch that is being renewed does not count:
 * it comes back by itself, and taking the pod out of service meanwhile helps nobody.
 */
final class Readiness {
    private final Operator operator;

    Readiness(Operator operator) {
        this.operator = operator;
    }

    Health health() {
        if (!operator.getRuntimeInfo().isStarted()) {
            return new Health(false, "the caches are being filled");
        }
        List<String> unsynced = new ArrayList<>();
        for (RegisteredController<?> controller : operator.getRuntimeInfo().getRegisteredControllers()) {
            controller
                    .getControllerHealthInfo()
                    .informerEventSourceHealthIndicators()
                    .forEach((name, source) -> {
                        if (!isSynced(source)) {
                            unsynced.add(name);
                        }
                    });
        }
        return unsynced.isEmpty() ? new Health(true, "ok") : new Health(false, "not in sync: " + unsynced);
    }

    private static boolean isSynced(InformerWrappingEventSourceHealthIndicator<?> source) {
        return source.informerHealthIndicators().values().stream()
                .allMatch(informer -> informer.hasSynced() && informer.isRunning());
    }
}
