package build.kiln.worker;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** Reads lines of bytes; what is longer than the limit is dropped up to its end, so no writer can fill the memory. */
final class LineReader {
    private final InputStream input;
    private final int maxLength;
    private final byte[] buffer = new byte[64 * 1024];
    private int position;
    private int limit;

    LineReader(InputStream input, int maxLength) {
        this.input = input;
        this.maxLength = maxLength;
    }

    /** Returns the next line without its end; an empty one in place of one that is too long; nothing at the end. */
    Optional<byte[]> next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(256);
        boolean any = false;
        boolean tooLong = false;
        while (position < limit || fill()) {
            any = true;
            int end = position;
            while (end < limit && buffer[end] != '\n') {
                end++;
            }
            tooLong |= line.size() + end - position > maxLength;
            if (tooLong) {
                line.reset();
            } else {
                line.write(buffer, position, end - position);
            }
            position = end + 1;
            if (end < limit) {
                return Optional.of(line.toByteArray());
            }
        }
        return any ? Optional.of(line.toByteArray()) : Optional.empty();
    }

    private boolean fill() throws IOException {
        limit = Math.max(0, input.read(buffer));
        position = 0;
        return limit > 0;
    }
}
