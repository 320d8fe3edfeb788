package build.kiln.worker;

import build.kiln.worker.SolveStatus.Transfer;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Shows a build as lines of text, one per event, each starting with the number of its operation: parallel operations
 * interleave and every line still says where it belongs.
 */
final class ProgressPrinter {
    private static final Duration TRANSFER_INTERVAL = Duration.ofSeconds(5);
    private static final Duration SILENCE = Duration.ofSeconds(30);
    private static final int MAX_TRANSFERS = 10_000;
    private static final int MAX_SHOWN_NAME = 200;
    private static final String LOAD_GIT = "[internal] load git source";
    /** Git says this of every commit that has to be fetched; it is how BuildKit finds out. */
    private static final String NEW_COMMIT = "fatal: Not a valid object name";
    /** Shows the whole commit object, on the way to its time. */
    private static final String COMMIT_METADATA = "[internal] resolve main build context metadata";

    private final LogLines lines;
    private final String platform;
    private final BuildGraph graph = new BuildGraph();
    private final Predicate<Operation> worthShowing;
    private final Map<String, Instant> transferShown = new HashMap<>();
    private final Set<Operation> quietSinceDone = new HashSet<>();
    private int numbered;
    private Instant lastLine;

    ProgressPrinter(LogLines lines, String platform, Instant now) {
        this(lines, platform, now, _ -> true);
    }

    private ProgressPrinter(LogLines lines, String platform, Instant now, Predicate<Operation> worthShowing) {
        this.lines = lines;
        this.platform = platform;
        this.lastLine = now;
        this.worthShowing = worthShowing;
    }

    /** Of what was built before, and is gone through again to write its cache, nothing is shown but that. */
    static ProgressPrinter ofCacheExport(LogLines lines, String platform, Instant now) {
        return new ProgressPrinter(lines, platform, now, Operation::isCacheExport);
    }

    /** Nothing is shown of what is no build. */
    static ProgressPrinter silent(LogLines lines, String platform, Instant now) {
        return new ProgressPrinter(lines, platform, now, _ -> false);
    }

    /** What has been learnt on the way. */
    BuildGraph graph() {
        return graph;
    }

    /** Shows one report. */
    synchronized void show(SolveStatus status, Instant now) {
        int before = numbered;
        boolean any = !status.logs().isEmpty()
                || !status.transfers().isEmpty()
                || !status.warnings().isEmpty();
        status.vertexes().forEach(vertex -> graph.update(vertex).ifPresent(this::started));
        status.transfers().forEach(transfer -> {
            graph.update(transfer);
            transfer(transfer);
        });
        status.logs().forEach(this::log);
        status.warnings()
                .forEach(warning -> graph.find(warning.vertex())
                        .filter(operation -> operation.number() > 0)
                        .ifPresent(operation -> line(operation, "WARNING: " + Printable.text(warning.text()))));
        status.vertexes().forEach(vertex -> graph.find(vertex.digest()).ifPresent(this::ended));
        if (any || numbered > before) {
            lastLine = now;
        }
        lines.flush();
    }

    /** Says what is running when nothing has been printed for a while. */
    synchronized void heartbeat(Instant now) {
        if (Duration.between(lastLine, now).compareTo(SILENCE) < 0) {
            return;
        }
        for (Operation operation : graph.operations()) {
            Instant started = operation.started();
            if (operation.isRunning() && operation.number() > 0 && started != null) {
                operation.output().flush().forEach(text -> line(operation, text));
                line(operation, "... running for " + seconds(started, now) + ": " + shown(operation));
            }
        }
        lastLine = now;
        lines.flush();
    }

    /** A line that is not about one operation. */
    synchronized void note(String text) {
        lines.print(text);
        lines.flush();
    }

    private void started(Operation operation) {
        if (!operation.isStarted() || !worthShowing.test(operation)) {
            return;
        }
        if (operation.number() == 0) {
            numbered++;
            operation.number(numbered);
            line(operation, shown(operation));
            if (operation.isCached()) {
                ended(operation);
            }
        }
    }

    private void ended(Operation operation) {
        Instant completed = operation.completed();
        Instant started = operation.started();
        if (completed == null || started == null || operation.number() == 0) {
            return;
        }
        operation.output().flush().forEach(text -> logLine(operation, text, completed));
        // An operation may go through several short intervals; only those that showed something end with a line.
        if (quietSinceDone.add(operation)) {
            lines.print("#" + operation.number() + " " + ending(operation, started, completed));
        }
    }

    private static String ending(Operation operation, Instant started, Instant completed) {
        String error = Printable.text(operation.error());
        if (operation.isCanceled()) {
            return "CANCELED";
        }
        if (!error.isEmpty()) {
            return (operation.isOptional() ? "WARNING: the build goes on without: " : "ERROR: ") + error;
        }
        return operation.isCached() ? "CACHED" : "DONE " + seconds(started, completed);
    }

    private void transfer(Transfer transfer) {
        Operation operation = graph.find(transfer.vertex()).orElse(null);
        if (operation == null || operation.number() == 0) {
            return;
        }
        boolean done = transfer.completed() != null;
        Instant at = transfer.timestamp() == null ? transfer.completed() : transfer.timestamp();
        String key = transfer.vertex() + " " + transfer.id();
        if (!done && !due(key, at)) {
            return;
        }
        StringBuilder text = new StringBuilder(Printable.text(Printable.cut(transfer.id(), MAX_SHOWN_NAME)));
        if (transfer.total() > 0) {
            text.append(' ').append(size(transfer.current())).append(" / ").append(size(transfer.total()));
        } else if (transfer.current() > 0) {
            text.append(' ').append(size(transfer.current()));
        }
        Instant started = transfer.started();
        Instant until = done ? transfer.completed() : at;
        if (started != null && until != null) {
            text.append(' ').append(seconds(started, until));
        }
        line(operation, done ? text + " done" : text.toString());
        if (done) {
            transferShown.remove(key);
        }
    }

    private boolean due(String key, @Nullable Instant at) {
        if (at == null || transferShown.size() >= MAX_TRANSFERS) {
            return false;
        }
        Instant last = transferShown.putIfAbsent(key, at);
        if (last == null || Duration.between(last, at).compareTo(TRANSFER_INTERVAL) < 0) {
            return false;
        }
        transferShown.put(key, at);
        return true;
    }

    private void log(SolveStatus.Log log) {
        Operation operation = graph.find(log.vertex()).orElse(null);
        if (operation == null || operation.number() == 0) {
            return;
        }
        for (String text : operation.output().add(log.data())) {
            logLine(operation, text, log.timestamp());
        }
    }

    private void logLine(Operation operation, String text, @Nullable Instant at) {
        boolean noise = operation.name().startsWith(COMMIT_METADATA)
                || (operation.name().startsWith(LOAD_GIT) && text.startsWith(NEW_COMMIT));
        if (noise) {
            return;
        }
        Instant started = operation.firstStarted();
        line(operation, started == null || at == null ? text : elapsed(started, at) + " " + text);
    }

    private void line(Operation operation, String text) {
        quietSinceDone.remove(operation);
        lines.print("#" + operation.number() + " " + text);
    }

    private String shown(Operation operation) {
        String name = operation.step().map(step -> step.shown(platform)).orElse(operation.name());
        return Printable.text(Printable.cut(name, MAX_SHOWN_NAME));
    }

    private static String seconds(Instant from, Instant to) {
        return String.format(Locale.ROOT, "%.1fs", between(from, to));
    }

    private static String elapsed(Instant from, Instant to) {
        return String.format(Locale.ROOT, "%.3f", between(from, to));
    }

    private static double between(Instant from, Instant to) {
        return Math.max(0, Duration.between(from, to).toNanos()) / 1e9;
    }

    private static String size(long bytes) {
        if (bytes < 1_000) {
            return bytes + "B";
        }
        double value = bytes;
        String unit = "B";
        for (String larger : new String[] {"kB", "MB", "GB", "TB"}) {
            if (value < 1_000) {
                break;
            }
            value /= 1_000;
            unit = larger;
        }
        return String.format(Locale.ROOT, "%.2f%s", value, unit);
    }
}
