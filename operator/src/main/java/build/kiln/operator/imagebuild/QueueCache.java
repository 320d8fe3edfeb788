package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the queue of platforms is made of, as far as the watches of the API server have brought it. */
public interface QueueCache {
    /** All builds that are served. What this process wrote itself is there at once. */
    Collection<ImageBuild> builds();

    /** All pods with the labels of worker pods. What this process created itself is there at once. */
    Collection<Pod> workerPods();

    /** How many platforms may build at the same time in each namespace whose administrator said so. */
    Map<String, Integer> namespaceLimits();

    /**
     * The priority that pods of a PriorityClass get.
     *
     * @param priorityClassName null for pods that name none
     */
    int priority(@Nullable String priorityClassName);
}
