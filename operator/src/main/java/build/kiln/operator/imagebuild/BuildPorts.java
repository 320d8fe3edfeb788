package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.metrics.BuildMetrics;
import build.kiln.operator.status.Transition;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * Everything that the life of a build touches besides the caches, so that all of it can be played in a test.
 *
 * @param api the API server
 * @param services outside the cluster's pods
 * @param events is told what happened, for users
 * @param metrics counts what happened
 * @param threads for calls that may run side by side; closed after each use
 * @param clock tells the time
 */
public record BuildPorts(
        ClusterApi api,
        BuildServices services,
        BiConsumer<ImageBuild, List<Transition>> events,
        BuildMetrics metrics,
        Supplier<ExecutorService> threads,
        Clock clock) {}
