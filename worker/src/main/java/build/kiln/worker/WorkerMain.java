package build.kiln.worker;

import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResultSucceededBuilder;
import build.kiln.protocol.ProtocolJson;
import build.kiln.protocol.WorkerPaths;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Entry point of the worker container. Reads its request from the environment variable {@code KILN_BUILD_REQUEST}; exits with
 * the code of {@link build.kiln.protocol.FailureReason#exitCode()}, or 0.
 */
public final class WorkerMain {
    /** Below the pod's grace period of 10 s, after which the kernel kills. */
    private static final long SHUTDOWN_SECONDS = 9;

    private WorkerMain() {}

    /** Takes no arguments. */
    public static void main(String[] arguments) {
        InstantSource clock = Clock.systemUTC();
        Instant started = clock.instant();
        Map<String, String> environment = System.getenv();
        PrintStream out = new PrintStream(
                new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 8192),
                false,
                StandardCharsets.UTF_8);
        WorkerSettings settings = WorkerSettings.from(environment);
        Cancellation cancellation = new Cancellation();
        CountDownLatch finished = new CountDownLatch(1);
        AtomicBoolean succeeded = new AtomicBoolean();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(cancellation, finished, succeeded), "stop"));

        Worker worker =
                new Worker(settings, new EnvironmentRequestSource(environment), out, clock, cancellation, started);
        BuildResult result =
                withVolume(withStarts(worker.run(), Path.of(WorkerPaths.STARTS), out), Path.of(WorkerPaths.STATE), out);
        out.flush();
        write(result, settings.terminationMessage());
        succeeded.set(result instanceof BuildResult.Succeeded);
        finished.countDown();
        // When a signal stops the machine this waits for it to stop, and the exit code of a failure is the signal's,
        // 143.
        System.exit(exitCode(result));
    }

    /** Counters are worth no failure: without them the result stays as it is. */
    private static BuildResult withStarts(BuildResult result, Path folder, PrintStream out) {
        try {
            Optional<BuildResult.Acceleration> starts = ProgramStarts.read(folder);
            starts.ifPresent(s -> out.println("programs: " + s.nativeStarts() + " started as native twins, "
                    + s.emulatedStarts() + " under QEMU"));
            return starts.map(result::withAcceleration).orElse(result);
        } catch (IOException e) {
            out.println("programs: the counters cannot be read: " + Printable.text(e.toString()));
            return result;
        }
    }

    /** A failed build is told of what was found in the daemon's log alone. */
    private static BuildResult withVolume(BuildResult result, Path report, PrintStream out) {
        return switch (result) {
            case BuildResult.Succeeded succeeded ->
                VolumeReport.read(report, out)
                        .<BuildResult>map(volume -> BuildResultSucceededBuilder.builder(succeeded)
                                .cacheVolume(volume)
                                .build())
                        .orElse(succeeded);
            case BuildResult.Failed failed -> failed;
        };
    }

    private static int exitCode(BuildResult result) {
        return switch (result) {
            case BuildResult.Succeeded ignored -> 0;
            case BuildResult.Failed failed -> failed.reason().exitCode();
        };
    }

    /**
     * On SIGTERM: let the build end and its result be written before the machine goes down. An image that was pushed by then
     * is a success, whatever made the worker stop writing its cache.
     */
    private static void stop(Cancellation cancellation, CountDownLatch finished, AtomicBoolean succeeded) {
        cancellation.request();
        try {
            finished.await(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (succeeded.get()) {
            Runtime.getRuntime().halt(0);
        }
    }

    private static void write(BuildResult result, Path file) {
        String json = ProtocolJson.write(result);
        try {
            Files.writeString(file, json);
        } catch (IOException e) {
            System.err.println("cannot write the result to " + file + ": " + e.getMessage() + "; it is " + json);
        }
    }
}
