package build.kiln.worker;

import build.kiln.worker.SolveStatus.Vertex;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is known of one operation of the build graph so far. */
final class Operation {
    /** Longer names are cut: a RUN may hold a whole script. */
    private static final int MAX_NAME = 1_000;

    private static final int MAX_ERROR = 4_000;
    private static final String CACHE_IMPORT = "importing cache manifest from ";

    private final String name;
    private final @Nullable StepName step;
    private final OutputBuffer output = new OutputBuffer();
    private List<String> inputs = List.of();
    private int number;
    private int intervals;
    private @Nullable Instant firstStarted;
    private @Nullable Instant started;
    private @Nullable Instant completed;
    private boolean cached;
    private String error = "";

    Operation(String name) {
        this.name = Printable.cut(name, MAX_NAME);
        this.step = StepName.parse(this.name).orElse(null);
    }

    void update(Vertex vertex) {
        if (!vertex.inputs().isEmpty()) {
            inputs = List.copyOf(vertex.inputs());
        }
        if (vertex.started() != null) {
            intervals += vertex.started().equals(started) ? 0 : 1;
            firstStarted = firstStarted == null ? vertex.started() : firstStarted;
            started = vertex.started();
            completed = null;
        }
        if (vertex.completed() != null) {
            completed = vertex.completed();
        }
        cached |= vertex.cached();
        if (!vertex.error().isEmpty()) {
            error = Printable.cut(vertex.error(), MAX_ERROR);
        }
        if (isCompleted() && error.isEmpty()) {
            output.forgetTail();
        }
    }

    /** Position in the order of starting, from 1; 0 before it has started. */
    int number() {
        return number;
    }

    void number(int value) {
        number = value;
    }

    String name() {
        return name;
    }

    Optional<StepName> step() {
        return Optional.ofNullable(step);
    }

    /** Whether it is one of the Dockerfile's own operations. */
    boolean isDockerfileOperation() {
        return step != null && step.isOperation();
    }

    OutputBuffer output() {
        return output;
    }

    @Nullable
    Instant firstStarted() {
        return firstStarted;
    }

    @Nullable
    Instant started() {
        return started;
    }

    @Nullable
    Instant completed() {
        return completed;
    }

    boolean isStarted() {
        return started != null;
    }

    boolean isCompleted() {
        return completed != null;
    }

    boolean isRunning() {
        return isStarted() && !isCompleted();
    }

    /** Taken from a cache; it may still go through more intervals, for example to fetch its content for the export. */
    boolean isCached() {
        return cached;
    }

    /** Operations that this one builds on. */
    List<String> inputs() {
        return inputs;
    }

    /**
     * Whether it can have been left out because something that builds on it came from a cache: its first interval may be no
     * more than the computation of its cache key.
     */
    boolean mayHaveBeenSkipped() {
        return intervals <= 1;
    }

    /** Whether a build goes on when this fails: a cache that cannot be read or written only makes it slower. */
    boolean isOptional() {
        return isCacheImport() || isCacheExport();
    }

    boolean isCacheImport() {
        return name.startsWith(CACHE_IMPORT);
    }

    /** The reference of the cache that this imports, as the request has it. */
    String importedReference() {
        return name.substring(CACHE_IMPORT.length());
    }

    boolean isCacheExport() {
        return name.startsWith("exporting cache to ") || name.equals("exporting to GitHub Actions Cache");
    }

    /** Empty when it did not fail. */
    String error() {
        return error;
    }

    /** Stopped because something else failed. */
    boolean isCanceled() {
        return error.endsWith("context canceled");
    }
}
