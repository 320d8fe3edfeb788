package build.kiln.worker;

import build.kiln.protocol.BuildResult.CacheVolume;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the sidecar's launcher says of the cache volume. */
final class VolumeReport {
    private static final int MOST_BYTES = 4096;
    private static final int LONGEST_REASON = 300;

    private VolumeReport() {}

    /** Empty without a cache volume; a report that cannot be read is worth no failure. */
    static Optional<CacheVolume> read(Path report, PrintStream out) {
        if (!Files.exists(report)) {
            return Optional.empty();
        }
        try (InputStream content = Files.newInputStream(report)) {
            @Nullable CacheVolume read = Json.MAPPER.readValue(content.readNBytes(MOST_BYTES), CacheVolume.class);
            if (read == null) {
                throw new IOException("it is empty");
            }
            String reason = read.reason();
            String shown = reason == null ? null : Printable.text(Printable.cut(reason, LONGEST_REASON));
            out.println("cache volume: " + read.state() + (shown == null ? "" : ": " + shown));
            return Optional.of(new CacheVolume(read.state(), shown));
        } catch (IOException e) {
            out.println("cache volume: the report cannot be read: " + Printable.text(e.toString()));
            return Optional.empty();
        }
    }
}
