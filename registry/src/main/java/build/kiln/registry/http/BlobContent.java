package build.kiln.registry.http;

import java.io.IOException;
import okio.BufferedSink;

/** The content of a blob, which may be asked for again when an upload has to start over. */
@FunctionalInterface
public interface BlobContent {
    /** Writes the whole content, from its start. */
    void writeTo(BufferedSink sink) throws IOException, RegistryException;

    /** Content that is in memory. */
    static BlobContent of(byte[] bytes) {
        return sink -> sink.write(bytes);
    }
}
