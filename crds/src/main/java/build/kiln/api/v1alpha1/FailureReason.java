package build.kiln.api.v1alpha1;

/** Final reasons of a failed or cancelled run; part of the API, so none is ever renamed. */
public enum FailureReason {
    BuildFailed,
    InvalidDockerfile,
    SourceNotFound,
    SourceAuthFailed,
    RegistryAuthFailed,
    RegistryRepositoryMissing,
    PullFailed,
    PushFailed,
    ImageMissing,
    PublishFailed,
    ResultConfigMapConflict,
    DeadlineExceeded,
    BuildStalled,
    OutOfMemory,
    OutOfDisk,
    Evicted,
    NodeLost,
    NoCapacity,
    PodRejected,
    WorkerLost,
    WorkerUnsupported,
    InvalidSpec,
    MissingSecret,
    Cancelled
}
