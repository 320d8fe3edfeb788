package build.kiln.worker;

import build.kiln.protocol.WorkerPaths;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * Where the worker finds what it needs. Everything has the place the operator mounts it at; the environment variables are for
 * running the program elsewhere, for example to train its start-up cache.
 *
 * @param dockerConfigs folder of numbered folders with a {@code config.json} each
 * @param secrets folder with a file per secret id
 * @param gitCredentials folder with {@code username} and {@code password}; may be absent
 * @param cacheCredentials folder of numbered folders with the files of one Secret each; may be absent
 * @param localCache folder of the worker's own on the cache volume; may be absent
 * @param unsupported file in which the sidecar says why it refuses to run; normally absent
 * @param evidence socket of the sidecar's launcher
 * @param networkCounters where the kernel counts what the pod sends
 * @param buildkitAddress address of the daemon ({@code KILN_BUILDKIT_ADDRESS})
 * @param terminationMessage where the result goes ({@code KILN_TERMINATION_MESSAGE})
 * @param workFolder parent of the private folder for this build's files
 * @param buildctl BuildKit's client, a path or a name to look up in PATH ({@code KILN_BUILDCTL})
 * @param daemonTimeout longest wait for the daemon
 */
record WorkerSettings(
        Path dockerConfigs,
        Path secrets,
        Path gitCredentials,
        Path cacheCredentials,
        Path localCache,
        Path unsupported,
        Path evidence,
        Path networkCounters,
        String buildkitAddress,
        Path terminationMessage,
        Path workFolder,
        String buildctl,
        Duration daemonTimeout) {

    private static final String DAEMON_SECONDS = "60";

    static WorkerSettings from(Map<String, String> environment) {
        return new WorkerSettings(
                Path.of(WorkerPaths.DOCKER_CONFIGS),
                Path.of(WorkerPaths.SECRETS),
                Path.of(WorkerPaths.GIT_CREDENTIALS),
                Path.of(WorkerPaths.CACHE_CREDENTIALS),
                Path.of(WorkerPaths.LOCAL_CACHE),
                Path.of(WorkerPaths.UNSUPPORTED),
                Path.of(WorkerPaths.EVIDENCE),
                Path.of("/proc/net/dev"),
                environment.getOrDefault("KILN_BUILDKIT_ADDRESS", WorkerPaths.BUILDKIT_ADDRESS),
                Path.of(environment.getOrDefault("KILN_TERMINATION_MESSAGE", WorkerPaths.TERMINATION_MESSAGE)),
                Path.of(environment.getOrDefault("TMPDIR", "/tmp")),
                environment.getOrDefault("KILN_BUILDCTL", "buildctl"),
                Duration.ofSeconds(
                        Long.parseLong(environment.getOrDefault(WorkerPaths.DAEMON_SECONDS_VARIABLE, DAEMON_SECONDS))));
    }
}
