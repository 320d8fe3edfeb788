package build.kiln.protocol;

/**
 * What the worker can know about why a build failed. The names are those that users read in {@code status}, but for
 * {@link #SourceUnreachable} and {@link #PushRefused}, which say more: whether anybody has to change anything.
 */
public enum FailureReason {
    /** A step of the user's Dockerfile failed. */
    BuildFailed(ExitCode.USER),
    /** The Dockerfile is missing, or does not parse. */
    InvalidDockerfile(ExitCode.USER),
    /** The repository, the commit or the folder in it is not there. */
    SourceNotFound(ExitCode.USER),
    /** The git server does not answer, or answers that it cannot. */
    SourceUnreachable(ExitCode.INFRASTRUCTURE),
    /** The git server refused the credentials. */
    SourceAuthFailed(ExitCode.USER),
    /** A registry refused the credentials. */
    RegistryAuthFailed(ExitCode.USER),
    /** The repository to push to does not exist and the registry does not create it. */
    RegistryRepositoryMissing(ExitCode.USER),
    /** A registry did not give an image that the Dockerfile names, without refusing it: it was down, slow or busy. */
    PullFailed(ExitCode.INFRASTRUCTURE),
    /** The image was built and could not be pushed: the registry was down, slow or busy. */
    PushFailed(ExitCode.INFRASTRUCTURE),
    /** The image was built and the registry does not take it: a quota, a rule, a certificate, plain HTTP. */
    PushRefused(ExitCode.USER),
    /** The request itself makes no sense to the worker. */
    InvalidSpec(ExitCode.USER),
    /** {@code timeoutSeconds} passed. */
    DeadlineExceeded(ExitCode.TIME),
    /** {@code stallTimeoutSeconds} passed without any progress. */
    BuildStalled(ExitCode.TIME),
    /** A process of the build was killed for want of memory. */
    OutOfMemory(ExitCode.INFRASTRUCTURE),
    /** The daemon's state volume is full. */
    OutOfDisk(ExitCode.INFRASTRUCTURE),
    /** The daemon did not come up, or went away. */
    WorkerLost(ExitCode.INFRASTRUCTURE),
    /** The node or the pod lacks something that the security profile needs; another attempt finds the same. */
    WorkerUnsupported(ExitCode.INFRASTRUCTURE),
    /** The launcher cannot use the cache volume: another pod holds it, or it cannot be written. */
    CacheVolumeUnavailable(ExitCode.INFRASTRUCTURE),
    /** The worker was told to stop. */
    Cancelled(ExitCode.STOPPED);

    private final int exitCode;

    FailureReason(int exitCode) {
        this.exitCode = exitCode;
    }

    /** Exit code of the worker for this reason: 1 user, 2 infrastructure, 3 time, 143 told to stop. */
    public int exitCode() {
        return exitCode;
    }

    private static final class ExitCode {
        static final int USER = 1;
        static final int INFRASTRUCTURE = 2;
        static final int TIME = 3;
        static final int STOPPED = 143;
    }
}
