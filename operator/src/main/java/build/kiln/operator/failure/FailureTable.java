package build.kiln.operator.failure;

import static build.kiln.operator.failure.FailureClass.Cancelled;
import static build.kiln.operator.failure.FailureClass.Capacity;
import static build.kiln.operator.failure.FailureClass.Credentials;
import static build.kiln.operator.failure.FailureClass.Infrastructure;
import static build.kiln.operator.failure.FailureClass.User;
import static build.kiln.operator.failure.NextStep.Fail;
import static build.kiln.operator.failure.NextStep.RetryAfterBackOff;
import static build.kiln.operator.failure.NextStep.RetryOnce;
import static build.kiln.operator.failure.NextStep.RetryWithMoreMemory;
import static build.kiln.operator.failure.NextStep.WaitForCapacity;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.operator.failure.Evidence.OfCreation;
import build.kiln.operator.failure.Evidence.OfCredentials;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.failure.Evidence.OfRegistry;
import build.kiln.operator.failure.Evidence.OfRequest;
import build.kiln.operator.failure.Evidence.OfResult;
import build.kiln.operator.failure.Evidence.OfSource;

/** The one place that says what evidence means: reason, class and next step. A failure of class User never retries. */
final class FailureTable {
    private FailureTable() {}

    static Diagnosis row(Evidence evidence) {
        return switch (evidence) {
            case Evidence.Reported reported -> reported(reported.reason());
            case OfPod pod -> pod(pod);
            case OfCreation creation -> creation(creation);
            case OfSource source -> source(source);
            case OfCredentials credentials -> credentials(credentials);
            case OfRegistry registry -> registry(registry);
            case OfResult result -> result(result);
            case OfRequest request -> request(request);
        };
    }

    private static Diagnosis reported(build.kiln.protocol.FailureReason reason) {
        return switch (reason) {
            case BuildFailed -> row(FailureReason.BuildFailed, User, Fail);
            case InvalidDockerfile -> row(FailureReason.InvalidDockerfile, User, Fail);
            case SourceNotFound -> row(FailureReason.SourceNotFound, User, Fail);
            case SourceUnreachable -> row(FailureReason.SourceNotFound, Infrastructure, RetryAfterBackOff);
            case SourceAuthFailed -> row(FailureReason.SourceAuthFailed, Credentials, Fail);
            case RegistryAuthFailed -> row(FailureReason.RegistryAuthFailed, Credentials, Fail);
            case RegistryRepositoryMissing -> row(FailureReason.RegistryRepositoryMissing, User, Fail);
            case PullFailed -> row(FailureReason.PullFailed, Infrastructure, RetryAfterBackOff);
            case PushFailed -> row(FailureReason.PushFailed, Infrastructure, RetryAfterBackOff);
            case PushRefused -> row(FailureReason.PushFailed, User, Fail);
            case InvalidSpec -> row(FailureReason.InvalidSpec, User, Fail);
            case DeadlineExceeded -> row(FailureReason.DeadlineExceeded, User, Fail);
            case BuildStalled -> row(FailureReason.BuildStalled, Infrastructure, RetryOnce);
            case OutOfMemory -> row(FailureReason.OutOfMemory, Capacity, RetryWithMoreMemory);
            case OutOfDisk -> row(FailureReason.OutOfDisk, Capacity, RetryAfterBackOff);
            case WorkerLost -> row(FailureReason.WorkerLost, Infrastructure, RetryAfterBackOff);
            case WorkerUnsupported -> row(FailureReason.WorkerUnsupported, Infrastructure, Fail);
            case CacheVolumeUnavailable -> row(FailureReason.CacheVolumeUnavailable, Infrastructure, RetryAfterBackOff);
            // The operator does not read a worker that it stopped itself.
            case Cancelled -> row(FailureReason.WorkerLost, Infrastructure, RetryAfterBackOff);
        };
    }

    private static Diagnosis pod(OfPod evidence) {
        return switch (evidence) {
            case EVICTED, PREEMPTED -> row(FailureReason.Evicted, Infrastructure, RetryAfterBackOff);
            case OVER_DISK_LIMIT -> row(FailureReason.OutOfDisk, Capacity, Fail);
            case NODE_GONE -> row(FailureReason.NodeLost, Infrastructure, RetryAfterBackOff);
            case STOPPED, NO_RESULT -> row(FailureReason.WorkerLost, Infrastructure, RetryAfterBackOff);
            case DEADLINE_PASSED -> row(FailureReason.DeadlineExceeded, User, Fail);
            case OUT_OF_MEMORY -> row(FailureReason.OutOfMemory, Capacity, RetryWithMoreMemory);
            case NODE_UNSUPPORTED -> row(FailureReason.WorkerUnsupported, Infrastructure, Fail);
            case REFUSED_BY_KUBELET, IMAGE_NOT_PULLED, NOT_STARTED ->
                row(FailureReason.PodRejected, Infrastructure, RetryAfterBackOff);
            case IMAGE_NAME_INVALID -> row(FailureReason.PodRejected, Infrastructure, Fail);
            case UNSCHEDULABLE -> row(FailureReason.NoCapacity, Capacity, Fail);
            case CACHE_VOLUME_UNAVAILABLE ->
                row(FailureReason.CacheVolumeUnavailable, Infrastructure, RetryAfterBackOff);
            case SECRET_GONE -> row(FailureReason.MissingSecret, Credentials, RetryAfterBackOff);
        };
    }

    private static Diagnosis creation(OfCreation evidence) {
        return switch (evidence) {
            case QUOTA_EXCEEDED -> row(FailureReason.NoCapacity, Capacity, WaitForCapacity);
            case REFUSED -> row(FailureReason.PodRejected, User, Fail);
            case WEBHOOK_DOWN, NAME_TAKEN -> row(FailureReason.PodRejected, Infrastructure, WaitForCapacity);
            case IMPOSSIBLE_SPEC, UNKNOWN_PLATFORM -> row(FailureReason.InvalidSpec, User, Fail);
        };
    }

    private static Diagnosis source(OfSource evidence) {
        return switch (evidence) {
            case UNREACHABLE -> row(FailureReason.SourceNotFound, Infrastructure, RetryAfterBackOff);
            case NOT_FOUND -> row(FailureReason.SourceNotFound, User, Fail);
            case ACCESS_REFUSED -> row(FailureReason.SourceAuthFailed, Credentials, Fail);
            case INVALID_ADDRESS -> row(FailureReason.InvalidSpec, User, Fail);
        };
    }

    private static Diagnosis credentials(OfCredentials evidence) {
        return switch (evidence) {
            case SECRET_MISSING -> row(FailureReason.MissingSecret, Credentials, RetryAfterBackOff);
            case SECRET_MALFORMED -> row(FailureReason.RegistryAuthFailed, Credentials, RetryAfterBackOff);
            case SERVICE_ACCOUNT_MISSING -> row(FailureReason.InvalidSpec, Credentials, RetryAfterBackOff);
        };
    }

    private static Diagnosis registry(OfRegistry evidence) {
        return switch (evidence) {
            case UNAVAILABLE -> row(FailureReason.PublishFailed, Infrastructure, RetryAfterBackOff);
            case ACCESS_REFUSED -> row(FailureReason.RegistryAuthFailed, Credentials, Fail);
            case REPOSITORY_MISSING -> row(FailureReason.RegistryRepositoryMissing, User, Fail);
            case REFUSED -> row(FailureReason.PublishFailed, User, Fail);
            case INVALID_NAME -> row(FailureReason.InvalidSpec, User, Fail);
            case IMAGE_MISSING -> row(FailureReason.ImageMissing, Infrastructure, RetryAfterBackOff);
        };
    }

    private static Diagnosis result(OfResult evidence) {
        return switch (evidence) {
            case NAME_TAKEN -> row(FailureReason.ResultConfigMapConflict, User, Fail);
            case REFUSED -> row(FailureReason.PublishFailed, Infrastructure, RetryAfterBackOff);
        };
    }

    private static Diagnosis request(OfRequest evidence) {
        return switch (evidence) {
            case CANCELLED -> row(FailureReason.Cancelled, Cancelled, Fail);
        };
    }

    private static Diagnosis row(FailureReason reason, FailureClass failureClass, NextStep next) {
        return new Diagnosis(reason, failureClass, next, "");
    }
}
