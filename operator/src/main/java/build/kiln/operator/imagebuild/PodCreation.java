package build.kiln.operator.imagebuild;

import build.kiln.operator.failure.Diagnosis;
import io.fabric8.kubernetes.api.model.Pod;

/** What came of creating a worker pod. */
sealed interface PodCreation {
    /**
     * The pod is there and belongs to this build, whoever created it.
     *
     * @param pod as the API server shows it
     */
    record Created(Pod pod) implements PodCreation {}

    /**
     * The API server does not take the pod.
     *
     * @param diagnosis what it means; the message has the server's own words
     */
    record Refused(Diagnosis diagnosis) implements PodCreation {}
}
