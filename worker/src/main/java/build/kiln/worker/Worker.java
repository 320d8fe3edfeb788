package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.Pushed;
import build.kiln.protocol.BuildResult.Steps;
import build.kiln.protocol.BuildResult.Timings;
import build.kiln.protocol.BuildResultFailedBuilder;
import build.kiln.protocol.BuildResultSucceededBuilder;
import build.kiln.protocol.FailureReason;
import build.kiln.protocol.MalformedDocumentException;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Builds and pushes one platform of one image. Whatever happens, there is a result. */
final class Worker {
    private final WorkerSettings settings;
    private final RequestSource requests;
    private final PrintStream out;
    private final InstantSource clock;
    private final Cancellation cancellation;
    private final Instant started;
    private String platform = "unknown";
    private @Nullable Instant daemonReady;
    private @Nullable ProgressPrinter progress;
    /** Written by the thread that watches the client, which has ended when it is read. */
    private volatile @Nullable Stall stall;

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
            try (CacheBackends backends = CacheBackends.open(settings, request, clock)) {
                return build(request, backends);
            }
        } catch (MalformedDocumentException e) {
            return failed(Diagnosis.of(FailureReason.InvalidSpec, "The build request is " + e.getMessage()));
        } catch (BuildFailedException e) {
            return failed(cancellation.isRequested() ? cancelled() : e.diagnosis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed(cancelled());
        } catch (IOException | RuntimeException e) {
            e.printStackTrace(out);
            return failed(Diagnosis.of(FailureReason.WorkerLost, "The worker failed: " + Printable.text(e.toString())));
        }
    }

    private BuildResult build(BuildRequest request, CacheBackends backends)
            throws BuildFailedException, IOException, InterruptedException {
        Instant deadline = started.plusSeconds(request.timeoutSeconds());
        ProgressPrinter printer = new ProgressPrinter(out, request.platform(), clock.instant());
        progress = printer;
        printer.note("building " + Printable.text(request.platform()) + (request.emulated() ? " (emulated)" : ""));
        BuildInputs inputs = new InputWriter(settings).write(request, backends.arguments());
        if (!new Daemon(settings, clock).awaitReady(deadline, cancellation)) {
            return failed(cancellation.isRequested() ? cancelled() : timedOut(request, printer.graph()));
        }
        daemonReady = clock.instant();
        BuildAccount account = new BuildAccount(settings, request, backends);
        Variant variant = Variant.FIRST;
        BuildctlRun.Outcome outcome = run(request, inputs, variant, printer, deadline);
        account.solved(printer.graph(), variant);
        Optional<Variant.Next> next = variant.after(inputs, outcome, printer.graph(), backends.lostContent());
        while (next.isPresent()) {
            if (variant.importsCache() && !next.get().variant().importsCache()) {
                account.importBroken(
                        backends.lostContent().orElse(outcome.errors().message()));
            }
            variant = next.get().variant();
            printer.note(Printable.text(next.get().why()));
            printer = new ProgressPrinter(out, request.platform(), clock.instant());
            progress = printer;
            outcome = run(request, inputs, variant, printer, deadline);
            account.solved(printer.graph(), variant);
            next = variant.after(inputs, outcome, printer.graph(), backends.lostContent());
        }
        BuildResult result = result(request, inputs, outcome, printer.graph());
        return result instanceof BuildResult.Succeeded succeeded
                ? withCache(request, inputs, variant, account, printer.graph(), succeeded)
                : result;
    }

    private BuildResult withCache(
            BuildRequest request,
            BuildInputs inputs,
            Variant variant,
            BuildAccount account,
            BuildGraph graph,
            BuildResult.Succeeded succeeded)
            throws InterruptedException {
        new CacheExport(settings, out, clock, cancellation)
                .run(request, inputs, variant)
                .ifPresent(account::exported);
        return BuildResultSucceededBuilder.builder(succeeded)
                .cache(account.cacheUse(graph))
                .traffic(account.traffic())
                .build();
    }

    private BuildctlRun.Outcome run(
            BuildRequest request, BuildInputs inputs, Variant variant, ProgressPrinter printer, Instant deadline)
            throws BuildFailedException, IOException, InterruptedException {
        List<String> command = BuildctlCommand.push(settings, request, inputs, variant);
        Long seconds = request.stallTimeoutSeconds();
        BuildctlRun.Limits limits = new BuildctlRun.Limits(
                deadline, seconds == null ? null : Duration.ofSeconds(seconds), () -> observe(printer));
        return new BuildctlRun(printer, clock, cancellation).run(command, inputs.dockerConfig(), limits);
    }

    private void observe(ProgressPrinter printer) throws InterruptedException {
        Stall seen = Stall.observe(printer.graph(), settings);
        stall = seen;
        seen.lines().forEach(printer::note);
    }

    private BuildResult result(BuildRequest request, BuildInputs inputs, BuildctlRun.Outcome outcome, BuildGraph graph)
            throws BuildFailedException, IOException, InterruptedException {
        return switch (outcome.end()) {
            case CANCELLED -> failed(cancelled());
            case TIMED_OUT -> failed(timedOut(request, graph));
            case STALLED -> {
                Stall seen = stall;
                yield failed((seen == null ? Stall.observe(graph, settings) : seen).diagnosis(request));
            }
            case EXITED -> {
                if (outcome.exitCode() != 0) {
                    yield failed(
                            new FailureClassifier(request, inputs, graph, outcome.errors(), oomKills()).classify());
                }
                Pushed pushed = PushedImage.read(inputs.metadataFile());
                out.println("pushed " + request.output().repository() + "@" + pushed.digest());
                yield new BuildResult.Succeeded(platform, pushed, graph.steps(), timings(), graph.baseImages());
            }
        };
    }

    private @Nullable Integer oomKills() throws InterruptedException {
        return SidecarEvidence.read(settings.evidence())
                .map(SidecarEvidence::oomKills)
                .orElse(null);
    }

    private BuildResult failed(Diagnosis diagnosis) {
        out.println("failed: " + diagnosis.reason() + ": " + Printable.text(diagnosis.message()));
        return BuildResultFailedBuilder.builder()
                .platform(platform)
                .reason(diagnosis.reason())
                .message(diagnosis.message())
                .step(diagnosis.step())
                .location(diagnosis.location())
                .exitCode(diagnosis.exitCode())
                .logTail(diagnosis.logTail())
                .steps(progress == null ? Steps.NONE : progress.graph().steps())
                .timings(timings())
                .registrySecret(diagnosis.registrySecret())
                .build();
    }

    private Timings timings() {
        return new Timings(
                started.toEpochMilli(),
                daemonReady == null ? null : Long.valueOf(daemonReady.toEpochMilli()),
                clock.millis());
    }

    private static Diagnosis cancelled() {
        return Diagnosis.of(FailureReason.Cancelled, "The worker was told to stop before the image was pushed.");
    }

    private static Diagnosis timedOut(BuildRequest request, BuildGraph graph) {
        Operation running = graph.operations().stream()
                .filter(operation -> operation.number() > 0 && (operation.isRunning() || operation.isCanceled()))
                .reduce((first, second) -> second)
                .orElse(null);
        String during = running == null ? "" : " while it ran \"" + FailureClassifier.shown(running) + "\"";
        return new Diagnosis(
                FailureReason.DeadlineExceeded,
                "The build took longer than its timeoutSeconds of " + request.timeoutSeconds() + during
                        + ". Raise spec.timeoutSeconds, or make the step faster.",
                running == null ? null : FailureClassifier.shown(running),
                null,
                null,
                running == null ? null : FailureClassifier.tail(running),
                null);
    }
}
