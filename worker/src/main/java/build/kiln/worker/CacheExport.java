package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildResult.ExportResult;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes the cache of a build whose image is pushed, within a time limit of its own. BuildKit runs the push and the export of
 * one solve in one group and waits for both, so that neither could be stopped without the other: the cache has a solve of its
 * own, which finds everything built. Whatever becomes of it, the build has succeeded.
 */
final class CacheExport {
    private final WorkerSettings settings;
    private final PrintStream out;
    private final InstantSource clock;
    private final Cancellation cancellation;

    CacheExport(WorkerSettings settings, PrintStream out, InstantSource clock, Cancellation cancellation) {
        this.settings = settings;
        this.out = out;
        this.clock = clock;
        this.cancellation = cancellation;
    }

    /**
     * What came of it.
     *
     * @param result of the export
     * @param problem why there is no new cache; null when there is one
     * @param took how long it was tried
     */
    record Outcome(ExportResult result, @Nullable String problem, Duration took) {}

    /**
     * Writes the cache if the request asks for it.
     *
     * @param variant that was built
     */
    Optional<Outcome> run(BuildRequest request, BuildInputs inputs, Variant variant) throws InterruptedException {
        BuildRequest.Cache cache = request.cache();
        if (cache == null || cache.export() == null) {
            return Optional.empty();
        }
        Instant started = clock.instant();
        Written written = write(request, inputs, variant, cache, cache.export());
        Duration took = Duration.between(started, clock.instant());
        String problem = written.problem();
        out.println(
                problem == null
                        ? "cache written to " + cache.export() + " in " + took.toMillis() + " ms"
                        : "WARNING: the cache was not written to " + cache.export() + ": " + Printable.text(problem));
        return Optional.of(new Outcome(written.result(), problem, took));
    }

    private record Written(ExportResult result, @Nullable String problem) {}

    private Written write(
            BuildRequest request, BuildInputs inputs, Variant variant, BuildRequest.Cache cache, String reference)
            throws InterruptedException {
        ProgressPrinter printer = ProgressPrinter.ofCacheExport(out, request.platform(), clock.instant());
        BuildctlRun.Limits limits =
                new BuildctlRun.Limits(clock.instant().plusSeconds(cache.exportTimeoutSeconds()), null, () -> {});
        try {
            List<String> command = BuildctlCommand.exportCache(settings, request, inputs, variant, cache, reference);
            BuildctlRun.Outcome outcome =
                    new BuildctlRun(printer, clock, cancellation).run(command, inputs.dockerConfig(), limits);
            return switch (outcome.end()) {
                case EXITED ->
                    outcome.exitCode() == 0
                            ? new Written(ExportResult.Exported, null)
                            : new Written(ExportResult.Failed, problem(printer.graph(), outcome.errors()));
                case TIMED_OUT, STALLED ->
                    new Written(
                            ExportResult.TimedOut,
                            "it took longer than cache.exportTimeoutSeconds of " + cache.exportTimeoutSeconds());
                case CANCELLED -> new Written(ExportResult.Stopped, "the worker was told to stop");
            };
        } catch (BuildFailedException | IOException e) {
            return new Written(ExportResult.Failed, Objects.requireNonNullElse(e.getMessage(), e.toString()));
        }
    }

    /** The registry's words, if there are any. */
    private static String problem(BuildGraph graph, ClientErrors errors) {
        return graph.operations().stream()
                .filter(Operation::isCacheExport)
                .map(Operation::error)
                .filter(error -> !error.isEmpty())
                .findFirst()
                .orElseGet(errors::message);
    }
}
