package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.operator.placement.Placement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one worker pod is for.
 *
 * @param run number of the run
 * @param platform as in the spec
 * @param attempt number of the attempt, from 1
 * @param commit the resolved revision; null for a source that is not git
 * @param placement where it runs
 * @param claimName PersistentVolumeClaim that holds the state of BuildKit; null when it goes with the pod
 * @param memoryFactor by how much to multiply memory requests and limits, as in {@code spec.retry.memoryFactor}; null for not
 *     at all
 * @param others platforms that the same pod builds besides
 */
public record WorkerAssignment(
        int run,
        String platform,
        int attempt,
        @Nullable String commit,
        Placement placement,
        @Nullable String claimName,
        @Nullable String memoryFactor,
        List<OtherPlatform> others) {
    public WorkerAssignment {
        others = List.copyOf(others);
    }

    /**
     * A platform that is built in the pod of another one.
     *
     * @param platform as in the spec
     * @param mode whether nodes that the pod may be on are of its architecture
     */
    public record OtherPlatform(String platform, Mode mode) {}
}
