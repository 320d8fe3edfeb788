package build.kiln.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;

/** Final reasons of a failed or cancelled run; part of the API, so none is ever renamed. */
public enum FailureReason {
    @JsonEnumDefaultValue
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
    CacheVolumeUnavailable,
    WorkerLost,
    WorkerUnsupported,
    InvalidSpec,
    MissingSecret,
    Cancelled
}
