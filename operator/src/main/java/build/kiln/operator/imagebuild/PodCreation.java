package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.FailureReason;
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
     * @param reason for {@code status}
     * @param message what it said, and what to do now
     * @param worthRetrying whether waiting may help
     */
    record Refused(FailureReason reason, String message, boolean worthRetrying) implements PodCreation {}
}
