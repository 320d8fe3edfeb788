package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.FailureReason;
import io.fabric8.kubernetes.api.model.Pod;

/** The worker pod of an assignment, or why there can be none. */
public sealed interface DesiredPod {
    /**
     * @param pod to be created as it is
     */
    record Ready(Pod pod) implements DesiredPod {}

    /**
     * @param reason {@code InvalidSpec}
     * @param message what to change in the spec
     */
    record Refused(FailureReason reason, String message) implements DesiredPod {}
}
