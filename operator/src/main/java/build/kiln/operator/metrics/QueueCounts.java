package build.kiln.operator.metrics;

import java.util.Map;

/**
 * How many platforms wait and build.
 *
 * @param queued by platform and by what they wait for
 * @param running by platform: worker pods that have not ended
 */
public record QueueCounts(Map<Queued, Long> queued, Map<String, Long> running) {
    /**
     * @param platform as in the spec
     * @param reason NamespaceLimit, PlatformLimit, ClusterLimit or SchedulingGated
     */
    public record Queued(String platform, String reason) {}
}
