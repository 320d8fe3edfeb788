package build.kiln.operator.worker;

import build.kiln.operator.failure.Diagnosis;
import io.fabric8.kubernetes.api.model.Pod;

/** The worker pod of an assignment, or why there can be none. */
public sealed interface DesiredPod {
    /**
     * @param pod to be created as it is
     */
    record Ready(Pod pod) implements DesiredPod {}

    /**
     * @param diagnosis what it means; the message says what to change in the spec
     */
    record Refused(Diagnosis diagnosis) implements DesiredPod {}
}
