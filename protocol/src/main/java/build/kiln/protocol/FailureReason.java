package build.kiln.protocol;

/** What the worker can know about why a build failed. The names are those that users read in {@code status}. */
public enum FailureReason {
    /** A step of the user's Dockerfile failed. */
    BuildFailed(Blame.USER),
    /** The Dockerfile is missing, or does not parse. */
    InvalidDockerfile(Blame.USER),
    /** The repository, the commit or the folder in it is not there, or the git server cannot be reached. */
    SourceNotFound(Blame.USER),
    /** The git server refused the credentials. */
    SourceAuthFailed(Blame.USER),
    /** A registry refused the credentials. */
    RegistryAuthFailed(Blame.USER),
    /** The repository to push to does not exist and the registry does not create it. */
    RegistryRepositoryMissing(Blame.USER),
    /** The image was built and could not be pushed. */
    PushFailed(Blame.INFRASTRUCTURE),
    /** The request itself makes no sense to the worker. */
    InvalidSpec(Blame.USER),
    /** {@code timeoutSeconds} passed. */
    DeadlineExceeded(Blame.TIME),
    /** A process of the build was killed for want of memory. */
    OutOfMemory(Blame.INFRASTRUCTURE),
    /** The daemon's state volume is full. */
    OutOfDisk(Blame.INFRASTRUCTURE),
    /** The daemon did not come up, or went away. */
    WorkerLost(Blame.INFRASTRUCTURE),
    /** The node or the pod lacks something that the security profile needs; another attempt finds the same. */
    WorkerUnsupported(Blame.INSTALLATION),
    /** The worker was told to stop. */
    Cancelled(Blame.STOPPED);

    private final Blame blame;

    FailureReason(Blame blame) {
        this.blame = blame;
    }

    /** Whether the same request may succeed on another attempt without anybody changing anything. */
    public boolean worthRetrying() {
        return blame == Blame.INFRASTRUCTURE;
    }

    /** Exit code of the worker for this reason. */
    public int exitCode() {
        return switch (blame) {
            case USER -> 1;
            case INFRASTRUCTURE, INSTALLATION -> 2;
            case TIME -> 3;
            case STOPPED -> 143;
        };
    }

    private enum Blame {
        USER,
        INFRASTRUCTURE,
        INSTALLATION,
        TIME,
        STOPPED
    }
}
