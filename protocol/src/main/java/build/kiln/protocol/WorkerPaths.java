package build.kiln.protocol;

/** Where things are in the worker container; the operator mounts them, the worker reads them. */
public final class WorkerPaths {
    /** Environment variable that holds the {@link BuildRequest} as JSON. */
    public static final String REQUEST_VARIABLE = "KILN_BUILD_REQUEST";

    /** Environment variable: how many seconds the daemon may take to answer; 60 where it is not set. */
    public static final String DAEMON_SECONDS_VARIABLE = "KILN_DAEMON_SECONDS";

    /** Folder with one numbered folder per registry Secret, {@code 0/config.json} first; an earlier one wins. */
    public static final String DOCKER_CONFIGS = "/run/kiln/docker";

    /** Folder with one file per secret id of the request. */
    public static final String SECRETS = "/run/kiln/secrets";

    /** Folder with the files {@code username} and {@code password} for the git server; absent for a public repository. */
    public static final String GIT_CREDENTIALS = "/run/kiln/git";

    /** Folder with one folder per backend of the cache that has credentials, named by its number, with a file per key. */
    public static final String CACHE_CREDENTIALS = "/run/kiln/cache";

    /** Folder on the cache volume that is the worker's own; absent without such a backend of the cache. */
    public static final String LOCAL_CACHE = "/var/lib/kiln/cache";

    /** Folder that both containers share. */
    public static final String BUILDKIT_SOCKET_FOLDER = "/run/buildkit";

    /**
     * Where the sidecar's launcher says, in one line, why it refuses to start the daemon on this node, or cannot use the cache
     * volume; absent otherwise. The worker waits for the socket or for this file.
     */
    public static final String UNSUPPORTED = BUILDKIT_SOCKET_FOLDER + "/unsupported";

    /** Address of the daemon in the sidecar. */
    public static final String BUILDKIT_ADDRESS = "unix://" + BUILDKIT_SOCKET_FOLDER + "/buildkitd.sock";

    /**
     * Unix socket of the sidecar's launcher: whoever connects is sent one JSON document of evidence and the end
     * of the stream.
     */
    public static final String EVIDENCE = BUILDKIT_SOCKET_FOLDER + "/evidence.sock";

    /**
     * Folder with one file of counters per accelerated architecture; absent when nothing is accelerated. Build steps can
     * write them.
     */
    public static final String STARTS = BUILDKIT_SOCKET_FOLDER + "/starts";

    /**
     * Where the sidecar's launcher says, as a {@link BuildResult.CacheVolume}, what it found on the cache volume; absent without
     * one.
     */
    public static final String STATE = BUILDKIT_SOCKET_FOLDER + "/state";

    /** Where the {@link BuildResult} is written; the kubelet copies it into the container's status. */
    public static final String TERMINATION_MESSAGE = "/dev/termination-log";

    private WorkerPaths() {}
}
