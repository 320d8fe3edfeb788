package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.CacheUse;
import build.kiln.protocol.BuildResult.Pushed;
import build.kiln.protocol.BuildResult.Steps;
import build.kiln.protocol.BuildResultFailedBuilder;
import build.kiln.protocol.FailureReason;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Builds and pushes one platform, and writes its cache afterwards. Whatever happens, there is a result. */
final class PlatformBuild {
    private final WorkerSettings settings;
    private final BuildRequest request;
    private final BuildInputs inputs;
    private final CacheBackends backends;
    private final LogLines lines;
    private final InstantSource clock;
    private final Cancellation cancellation;
    private final Liveness.Clock movement;
    private final BuildAccount account;
    private ProgressPrinter progress;
    private Variant variant = Variant.FIRST;
    /** Written by the thread that watches the client, which has ended when it is read. */
    private volatile @Nullable Stall stall;

    /**
     * @param request of this platform alone
     * @param inputs its files
     * @param backends of its cache
     * @param cancellation ends the build
     * @param movement of all platforms that are built at the same time
     */
    PlatformBuild(
            WorkerSettings settings,
            BuildRequest request,
            BuildInputs inputs,
            CacheBackends backends,
            LogLines lines,
            InstantSource clock,
            Cancellation cancellation,
            Liveness.Clock movement) {
        this.settings = settings;
        this.request = request;
        this.inputs = inputs;
        this.backends = backends;
        this.lines = lines;
        this.clock = clock;
        this.cancellation = cancellation;
        this.movement = movement;
        this.account = new BuildAccount(request, backends);
        this.progress = new ProgressPrinter(lines, request.platform(), clock.instant());
    }

    BuildRequest request() {
        return request;
    }

    BuildInputs inputs() {
        return inputs;
    }

    /** How the source was put to BuildKit in the end. */
    Variant variant() {
        return variant;
    }

    /** What the solves have told. */
    BuildGraph graph() {
        return progress.graph();
    }

    /** Layers that were fetched, by digest, with their bytes. */
    Map<String, Long> pulled() {
        return account.pulled();
    }

    /** Runs the build to its end, whose times are still open. */
    BuildResult push(Instant deadline, BuildResult.Timings timings) {
        try {
            return result(solve(deadline), timings);
        } catch (BuildFailedException e) {
            return failed(cancellation.isRequested() ? cancelled() : e.diagnosis(), timings);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed(cancelled(), timings);
        } catch (IOException | RuntimeException e) {
            e.printStackTrace(lines.out());
            return failed(
                    Diagnosis.of(FailureReason.WorkerLost, "The worker failed: " + Printable.text(e.toString())),
                    timings);
        }
    }

    /** Writes the cache, if the request asks for it, and tells what became of caches; null when the request has none. */
    @Nullable
    CacheUse writeCache(Cancellation stop) throws InterruptedException {
        new CacheExport(settings, lines, clock, stop)
                .run(request, inputs, variant)
                .ifPresent(account::exported);
        return account.cacheUse(graph());
    }

    private BuildctlRun.Outcome solve(Instant deadline) throws BuildFailedException, IOException, InterruptedException {
        BuildctlRun.Outcome outcome = run(deadline);
        account.solved(graph(), variant);
        Optional<Variant.Next> next = variant.after(inputs, outcome, graph(), backends.lostContent());
        while (next.isPresent()) {
            if (variant.importsCache() && !next.get().variant().importsCache()) {
                account.importBroken(
                        backends.lostContent().orElse(outcome.errors().message()));
            }
            variant = next.get().variant();
            progress.note(Printable.text(next.get().why()));
            progress = new ProgressPrinter(lines, request.platform(), clock.instant());
            outcome = run(deadline);
            account.solved(graph(), variant);
            next = variant.after(inputs, outcome, graph(), backends.lostContent());
        }
        return outcome;
    }

    private BuildctlRun.Outcome run(Instant deadline) throws BuildFailedException, IOException, InterruptedException {
        List<String> command = BuildctlCommand.push(settings, request, inputs, variant);
        Long seconds = request.stallTimeoutSeconds();
        ProgressPrinter printer = progress;
        BuildctlRun.Limits limits = new BuildctlRun.Limits(
                deadline, seconds == null ? null : Duration.ofSeconds(seconds), () -> observe(printer));
        return new BuildctlRun(printer, clock, cancellation, movement).run(command, inputs.dockerConfig(), limits);
    }

    private void observe(ProgressPrinter printer) throws InterruptedException {
        Stall seen = Stall.observe(printer.graph(), settings);
        stall = seen;
        seen.lines().forEach(printer::note);
    }

    private BuildResult result(BuildctlRun.Outcome outcome, BuildResult.Timings timings)
            throws BuildFailedException, IOException, InterruptedException {
        return switch (outcome.end()) {
            case CANCELLED -> failed(cancelled(), timings);
            case TIMED_OUT -> failed(timedOut(request, graph()), timings);
            case STALLED -> {
                Stall seen = stall;
                yield failed((seen == null ? Stall.observe(graph(), settings) : seen).diagnosis(request), timings);
            }
            case EXITED -> {
                if (outcome.exitCode() != 0) {
                    yield failed(
                            new FailureClassifier(request, inputs, graph(), outcome.errors(), oomKills()).classify(),
                            timings);
                }
                Pushed pushed = PushedImage.read(inputs.metadataFile());
                lines.print("pushed " + request.output().repository() + "@" + pushed.digest());
                yield new BuildResult.Succeeded(
                        request.platform(), pushed, graph().stepsOfSuccess(), ended(timings), graph().baseImages());
            }
        };
    }

    private @Nullable Integer oomKills() throws InterruptedException {
        return SidecarEvidence.read(settings.evidence())
                .map(SidecarEvidence::oomKills)
                .orElse(null);
    }

    private BuildResult failed(Diagnosis diagnosis, BuildResult.Timings timings) {
        return failed(request.platform(), diagnosis, graph().steps(), ended(timings));
    }

    private BuildResult.Timings ended(BuildResult.Timings timings) {
        return new BuildResult.Timings(timings.started(), timings.daemonReady(), clock.millis());
    }

    static BuildResult.Failed failed(String platform, Diagnosis diagnosis, Steps steps, BuildResult.Timings timings) {
        return BuildResultFailedBuilder.builder()
                .platform(platform)
                .reason(diagnosis.reason())
                .message(diagnosis.message())
                .step(diagnosis.step())
                .location(diagnosis.location())
                .exitCode(diagnosis.exitCode())
                .logTail(diagnosis.logTail())
                .steps(steps)
                .timings(timings)
                .registrySecret(diagnosis.registrySecret())
                .build();
    }

    static Diagnosis cancelled() {
        return Diagnosis.of(FailureReason.Cancelled, "The worker was told to stop before the image was pushed.");
    }

    static Diagnosis timedOut(BuildRequest request, BuildGraph graph) {
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
