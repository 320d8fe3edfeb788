package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildResult.ExportResult;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
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
    private final LogLines lines;
    private final InstantSource clock;
    private final Cancellation cancellation;

    CacheExport(WorkerSettings settings, LogLines lines, InstantSource clock, Cancellation cancellation) {
        this.settings = settings;
        this.lines = lines;
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
     * Writes the cache everywhere the request asks for: one after the other, so that none stops another, and all together in the
     * time for it.
     *
     * @param variant that was built
     */
    Optional<Outcome> run(BuildRequest request, BuildInputs inputs, Variant variant) throws InterruptedException {
        BuildRequest.Cache cache = request.cache();
        List<Target> targets = cache == null ? List.of() : targets(request, inputs, cache);
        if (cache == null || targets.isEmpty()) {
            return Optional.empty();
        }
        Instant started = clock.instant();
        Instant deadline = started.plusSeconds(cache.exportTimeoutSeconds());
        List<Written> all = new ArrayList<>();
        for (Target target : targets) {
            Instant begun = clock.instant();
            Written written = write(request, inputs, variant, target, deadline, cache.exportTimeoutSeconds());
            all.add(written);
            String problem = written.problem();
            lines.print(
                    problem == null
                            ? "cache written to " + target.title() + " in "
                                    + Duration.between(begun, clock.instant()).toMillis() + " ms"
                            : "WARNING: the cache was not written to " + target.title() + ": "
                                    + Printable.text(problem));
        }
        return Optional.of(sum(targets, all, Duration.between(started, clock.instant())));
    }

    /**
     * Where a cache is written.
     *
     * @param title for messages
     * @param export value of {@code --export-cache}
     */
    private record Target(String title, String export) {}

    private record Written(ExportResult result, @Nullable String problem) {}

    private static List<Target> targets(BuildRequest request, BuildInputs inputs, BuildRequest.Cache cache) {
        List<Target> targets = new ArrayList<>();
        String reference = cache.export();
        if (reference != null) {
            targets.add(new Target(reference, BuildctlCommand.registryExport(request, cache, reference)));
        }
        for (BackendArguments backend : inputs.backends()) {
            String export = backend.export();
            if (export != null && !backend.inImage()) {
                targets.add(new Target(backend.title(), export));
            }
        }
        return targets;
    }

    private static Outcome sum(List<Target> targets, List<Written> all, Duration took) {
        for (int i = 0; i < all.size(); i++) {
            Written first = all.get(i);
            if (first.problem() != null) {
                boolean some = all.stream().anyMatch(written -> written.problem() == null);
                return new Outcome(
                        some ? ExportResult.Partly : first.result(),
                        all.size() == 1 ? first.problem() : targets.get(i).title() + ": " + first.problem(),
                        took);
            }
        }
        return new Outcome(ExportResult.Exported, null, took);
    }

    private Written write(
            BuildRequest request, BuildInputs inputs, Variant variant, Target target, Instant deadline, long seconds)
            throws InterruptedException {
        ProgressPrinter printer = ProgressPrinter.ofCacheExport(lines, request.platform(), clock.instant());
        BuildctlRun.Limits limits = new BuildctlRun.Limits(deadline, null, () -> {});
        try {
            List<String> command = BuildctlCommand.exportCache(settings, request, inputs, variant, target.export());
            BuildctlRun.Outcome outcome = new BuildctlRun(printer, clock, cancellation, new Liveness.Clock())
                    .run(command, inputs.dockerConfig(), limits);
            return switch (outcome.end()) {
                case EXITED ->
                    outcome.exitCode() == 0
                            ? new Written(ExportResult.Exported, null)
                            : new Written(ExportResult.Failed, problem(printer.graph(), outcome.errors()));
                case TIMED_OUT, STALLED ->
                    new Written(ExportResult.TimedOut, "it took longer than cache.exportTimeoutSeconds of " + seconds);
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
