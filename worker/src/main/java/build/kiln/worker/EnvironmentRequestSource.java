package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.MalformedDocumentException;
import build.kiln.protocol.ProtocolJson;
import build.kiln.protocol.WorkerPaths;
import java.util.Map;

/** The request as the pod's template carries it. */
record EnvironmentRequestSource(Map<String, String> environment) implements RequestSource {
    @Override
    public BuildRequest await() throws MalformedDocumentException {
        return ProtocolJson.readRequest(environment.getOrDefault(WorkerPaths.REQUEST_VARIABLE, ""));
    }
}
