package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.CrossCompiling;
import build.kiln.protocol.BuildResult.Steps;
import build.kiln.protocol.BuildResult.Timings;
import build.kiln.protocol.BuildResultSucceededBuilder;
import build.kiln.protocol.FailureReason;
import build.kiln.protocol.MalformedDocumentException;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Builds and pushes the platforms of one request. Whatever happens, there is a result. */
final class Worker {
    private final WorkerSettings settings;
    private final RequestSource requests;
    private final PrintStream out;
    private final InstantSource clock;
    private final Cancellation cancellation;
    private final Instant started;
    private String platform = "unknown";

    Worker(
            WorkerSettings settings,
            RequestSource requests,
            PrintStream out,
            InstantSource clock,
            Cancellation cancellation,
            Instant started) {
        this.settings = settings;
        this.requests = requests;
        this.out = out;
        this.clock = clock;
        this.cancellation = cancellation;
        this.started = started;
    }

    /** Runs the build to its end. */
    BuildResult run() {
        try {
            BuildRequest request = requests.await();
            RequestCheck.requireComplete(request);
            platform = request.platform();
            List<CacheBackends> opened = new ArrayList<>();
            try {
                return build(request, opened);
            } finally {
                opened.forEach(CacheBackends::close);
            }
        } catch (MalformedDocumentException e) {
            return failed(Diagnosis.of(FailureReason.InvalidSpec, "The build request is " + e.getMessage()));
        } catch (BuildFailedException e) {
            return failed(cancellation.isRequested() ? PlatformBuild.cancelled() : e.diagnosis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed(PlatformBuild.cancelled());
        } catch (IOException | RuntimeException e) {
            e.printStackTrace(out);
            return failed(Diagnosis.of(FailureReason.WorkerLost, "The worker failed: " + Printable.text(e.toString())));
        }
    }

    private BuildResult build(BuildRequest request, List<CacheBackends> opened)
            throws BuildFailedException, IOException, InterruptedException {
        Instant deadline = started.plusSeconds(request.timeoutSeconds());
        Cancellation together = cancellation.forPart();
        Liveness.Clock movement = new Liveness.Clock();
        List<PlatformBuild> builds = new ArrayList<>();
        for (BuildRequest one : PlatformRequests.of(request)) {
            out.println("building " + Printable.text(one.platform()) + (one.emulated() ? " (emulated)" : ""));
            LogLines lines = new LogLines(out, request.others().isEmpty() ? "" : Printable.text(one.platform()) + " ");
            CacheBackends backends = CacheBackends.open(settings, one, clock);
            opened.add(backends);
            BuildInputs inputs = new InputWriter(settings).write(one, backends.arguments());
            builds.add(new PlatformBuild(settings, one, inputs, backends, lines, clock, together, movement));
        }
        out.flush();
        if (!new Daemon(settings, clock).awaitReady(deadline, cancellation)) {
            BuildGraph nothing = builds.getFirst().graph();
            return failed(
                    cancellation.isRequested() ? PlatformBuild.cancelled() : PlatformBuild.timedOut(request, nothing));
        }
        SharedBuild shared = new SharedBuild(settings, builds, cancellation);
        Timings timings = new Timings(started.toEpochMilli(), clock.millis(), null);
        return switch (shared.push(deadline, timings, together)) {
            case BuildResult.Failed failed -> told(failed);
            case BuildResult.Succeeded succeeded when request.askAbout().isEmpty() -> shared.withCaches(succeeded);
            case BuildResult.Succeeded succeeded -> {
                try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                    FrontendQuestion question = new FrontendQuestion(
                            settings, FrontendQuestion.ownArchitecture(), out, clock, cancellation);
                    Future<CrossCompiling> answer =
                            threads.submit(() -> question.ask(request.askAbout(), builds.getFirst()));
                    yield BuildResultSucceededBuilder.builder(shared.withCaches(succeeded))
                            .crossCompiling(answer.get())
                            .build();
                } catch (ExecutionException e) {
                    throw new IllegalStateException("asking the frontend failed", e.getCause());
                }
            }
        };
    }

    private BuildResult failed(Diagnosis diagnosis) {
        Timings timings = new Timings(started.toEpochMilli(), null, clock.millis());
        return told(PlatformBuild.failed(platform, diagnosis, Steps.NONE, timings));
    }

    private BuildResult told(BuildResult.Failed failed) {
        out.println("failed: " + failed.reason() + ": " + Printable.text(failed.message()));
        return failed;
    }
}
