package build.kiln.worker;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the launcher sees in the daemon's container, which the worker cannot look into itself.
 *
 * @param oomKills processes of the container that the kernel has killed for want of memory; null when it cannot be told
 * @param processes of the container, without the launcher
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record SidecarEvidence(@Nullable Integer oomKills, List<SidecarProcess> processes) {
    private static final int MAX_BYTES = 64 * 1024;
    private static final Duration LONGEST = Duration.ofSeconds(2);
    private static final Duration POLL = Duration.ofMillis(5);
    private static final int MAX_COMMAND = 160;

    /** Canonical constructor: what the document leaves out is empty. */
    @SuppressWarnings("ConstantValue") // Jackson passes null for what the document leaves out.
    SidecarEvidence {
        processes = processes == null ? List.of() : List.copyOf(processes);
    }

    /**
     * @param pid in the container
     * @param state as ps shows it: R, S, D, Z ...
     * @param seconds since it started
     * @param cpuSeconds it has computed
     * @param command with arguments
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record SidecarProcess(int pid, String state, long seconds, long cpuSeconds, String command) {
        /** One line of a log. */
        String shown() {
            return pid + " " + Printable.text(String.valueOf(state)) + " " + seconds + "s cpu " + cpuSeconds + "s "
                    + Printable.text(Printable.cut(String.valueOf(command), MAX_COMMAND));
        }
    }

    /** Asks the launcher; empty when it does not answer, as one of another release. */
    static Optional<SidecarEvidence> read(Path socket) throws InterruptedException {
        if (!Files.exists(socket)) {
            return Optional.empty();
        }
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.configureBlocking(false);
            return Optional.of(Json.MAPPER.readValue(all(channel), SidecarEvidence.class));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static byte[] all(SocketChannel channel) throws IOException, InterruptedException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        long deadline = System.nanoTime() + LONGEST.toNanos();
        while (bytes.size() <= MAX_BYTES && System.nanoTime() < deadline) {
            int read = channel.read(buffer.clear());
            if (read < 0) {
                return bytes.toByteArray();
            }
            if (read == 0) {
                Thread.sleep(POLL);
            }
            bytes.write(buffer.array(), 0, read);
        }
        throw new IOException("the answer is too long or too late");
    }
}
