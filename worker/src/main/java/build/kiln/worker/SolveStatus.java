package build.kiln.worker;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One progress report of BuildKit's client, as far as it is used here.
 *
 * @param vertexes changed states of operations
 * @param transfers parts of an operation that have a size or a duration of their own
 * @param logs output of operations
 * @param warnings of the Dockerfile frontend
 */
record SolveStatus(List<Vertex> vertexes, List<Transfer> transfers, List<Log> logs, List<Warning> warnings) {

    /** An operation of the build graph; it may run in several intervals, each with its own start and end. */
    record Vertex(
            String digest,
            List<String> inputs,
            String name,
            @Nullable Instant started,
            @Nullable Instant completed,
            boolean cached,
            String error) {}

    /** Sizes in bytes; a total of 0 is unknown. */
    record Transfer(
            String id,
            String vertex,
            long current,
            long total,
            @Nullable Instant timestamp,
            @Nullable Instant started,
            @Nullable Instant completed) {}

    /** A piece of output, cut anywhere. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared; a copy per piece of output would be waste.
    record Log(String vertex, byte[] data, @Nullable Instant timestamp) {}

    /** One sentence about the Dockerfile. */
    record Warning(String vertex, String text) {}
}
