package build.kiln.worker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** The kernel's counters of the pod's network, in the form of {@code /proc/net/dev}. */
final class NetworkCounters {
    /** After the colon: eight numbers of what was received, then the bytes that were sent. */
    private static final int SENT = 8;

    private static final String LOOPBACK = "lo";

    private NetworkCounters() {}

    /** Bytes that have left the pod since it started; empty where the kernel does not tell. */
    static OptionalLong sentBytes(Path file) {
        try {
            long sum = 0;
            boolean any = false;
            for (String line : Files.readAllLines(file)) {
                int colon = line.indexOf(':');
                if (colon > 0 && !line.substring(0, colon).strip().equals(LOOPBACK)) {
                    sum += Long.parseLong(line.substring(colon + 1).strip().split(" +", -1)[SENT]);
                    any = true;
                }
            }
            return any ? OptionalLong.of(sum) : OptionalLong.empty();
        } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
            // Not every runtime shows them, and no build depends on them.
            return OptionalLong.empty();
        }
    }
}
