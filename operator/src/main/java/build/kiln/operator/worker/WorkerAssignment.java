package build.kiln.operator.worker;

import build.kiln.operator.placement.Placement;
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
 */
public record WorkerAssignment(
        int run,
        String platform,
        int attempt,
        @Nullable String commit,
        Placement placement,
        @Nullable String claimName,
        @Nullable String memoryFactor) {}
