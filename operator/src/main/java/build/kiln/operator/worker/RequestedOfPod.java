package build.kiln.operator.worker;

import build.kiln.protocol.MalformedDocumentException;
import build.kiln.protocol.ProtocolJson;
import build.kiln.protocol.WorkerPaths;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import java.util.List;

/** What a worker pod was asked for, as its own request says, which nobody can change once the pod is there. */
final class RequestedOfPod {
    private RequestedOfPod() {}

    /** The platforms that it builds, its own first. */
    static List<String> platforms(PodFacts pod) {
        List<Container> containers = pod.pod().getSpec().getContainers();
        String request = containers.stream()
                .filter(container -> WorkerContainers.WORKER.equals(container.getName()))
                .flatMap(container -> container.getEnv().stream())
                .filter(variable -> WorkerPaths.REQUEST_VARIABLE.equals(variable.getName()))
                .map(EnvVar::getValue)
                .findFirst()
                .orElse("");
        try {
            List<String> platforms = ProtocolJson.readRequest(request).platforms();
            return platforms.getFirst().equals(pod.platform()) ? platforms : List.of(pod.platform());
        } catch (MalformedDocumentException e) {
            // A pod that is not of our making: its result is judged like that of any pod for one platform.
            return List.of(pod.platform());
        }
    }
}
