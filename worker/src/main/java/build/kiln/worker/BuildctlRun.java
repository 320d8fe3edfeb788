package build.kiln.worker;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One run of BuildKit's client: shows its progress, and stops it when its time is up or the worker is told to stop. */
final class BuildctlRun {
    /** A report holds at most what the daemon sends in one message, and logs are in Base64. */
    private static final int MAX_LINE = 8 << 20;
    /** Leaves half of the pod's grace period for the result. */
    private static final Duration STOP_GRACE = Duration.ofSeconds(5);

    private static final Duration TICK = Duration.ofSeconds(1);
    /** What the client needs of the worker's environment; the rest is none of its business. */
    private static final List<String> PASSED_ON = List.of(
            "PATH",
            "TMPDIR",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "NO_PROXY",
            "http_proxy",
            "https_proxy",
            "no_proxy");

    /** How the run ended. */
    enum End {
        EXITED,
        TIMED_OUT,
        STALLED,
        CANCELLED
    }

    /**
     * @param end how it ended
     * @param exitCode of the client
     * @param errors what it wrote besides progress
     */
    record Outcome(End end, int exitCode, ClientErrors errors) {}

    /**
     * @param deadline when the build has to have ended
     * @param longestSilence without any progress; null for no such limit
     * @param onStall called when that has passed, before anything is stopped
     */
    record Limits(Instant deadline, @Nullable Duration longestSilence, StallObserver onStall) {}

    /** Takes evidence of a build that does not move. */
    interface StallObserver {
        void observe() throws InterruptedException;
    }

    private final ProgressPrinter progress;
    private final Liveness liveness;
    private final InstantSource clock;
    private final Cancellation cancellation;
    private volatile End end = End.EXITED;

    /**
     * @param movement shared with other runs that are under way
     */
    BuildctlRun(ProgressPrinter progress, InstantSource clock, Cancellation cancellation, Liveness.Clock movement) {
        this.progress = progress;
        this.liveness = new Liveness(movement, clock.instant());
        this.clock = clock;
        this.cancellation = cancellation;
    }

    /**
     * Runs the client to its end.
     *
     * @throws IOException when it cannot be started or its output cannot be read
     */
    Outcome run(List<String> command, Path dockerConfig, Limits limits) throws IOException, InterruptedException {
        return run(command, dockerConfig, limits, ProcessBuilder.Redirect.DISCARD);
    }

    /**
     * The same.
     *
     * @param answer where to put what the client prints besides its progress
     */
    Outcome run(List<String> command, Path dockerConfig, Limits limits, ProcessBuilder.Redirect answer)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(answer);
        Map<String, String> environment = builder.environment();
        environment.keySet().retainAll(PASSED_ON);
        environment.put("DOCKER_CONFIG", dockerConfig.toString());
        environment.put("HOME", dockerConfig.toString());
        Process process = builder.start();
        Thread watch = Thread.ofPlatform().daemon().name("buildctl-watch").start(() -> watch(process, limits));
        try {
            ClientErrors errors = read(process);
            int exitCode = process.waitFor();
            return new Outcome(end, exitCode, errors);
        } finally {
            watch.interrupt();
            watch.join();
            process.destroyForcibly();
        }
    }

    private ClientErrors read(Process process) throws IOException {
        ClientErrors errors = new ClientErrors();
        LineReader lines = new LineReader(process.getErrorStream(), MAX_LINE);
        Optional<byte[]> line = lines.next();
        while (line.isPresent()) {
            byte[] bytes = line.get();
            SolveStatusParser.parse(bytes).ifPresentOrElse(this::show, () -> errors.add(bytes));
            line = lines.next();
        }
        return errors;
    }

    private void show(SolveStatus status) {
        Instant now = clock.instant();
        liveness.report(status, now);
        progress.show(status, now);
    }

    /** Ends with the process: the reader interrupts it then. */
    private void watch(Process process, Limits limits) {
        try {
            while (true) {
                Duration remaining = Duration.between(clock.instant(), limits.deadline());
                if (remaining.isNegative() || remaining.isZero()) {
                    end = End.TIMED_OUT;
                    break;
                }
                if (isStalled(limits)) {
                    end = End.STALLED;
                    limits.onStall().observe();
                    break;
                }
                if (cancellation.await(remaining.compareTo(TICK) < 0 ? remaining : TICK)) {
                    end = End.CANCELLED;
                    break;
                }
                progress.heartbeat(clock.instant());
            }
            // Not Process.destroy, which closes the stream that the last reports still come through.
            process.toHandle().destroy();
            if (!process.waitFor(STOP_GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.toHandle().destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isStalled(Limits limits) {
        Duration longest = limits.longestSilence();
        return longest != null && liveness.silence(clock.instant()).compareTo(longest) >= 0;
    }
}
