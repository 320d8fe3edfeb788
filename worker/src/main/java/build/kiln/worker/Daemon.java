package build.kiln.worker;

import build.kiln.protocol.FailureReason;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** The BuildKit daemon in the sidecar, which starts at the same time as the worker. */
final class Daemon {
    private static final String UNIX = "unix://";
    private static final Duration POLL = Duration.ofMillis(10);
    private static final int MAX_REASON = 1_000;
    /** How the launcher begins its refusal of the node. */
    private static final String REFUSAL = "kiln-buildkitd: unsupported: ";
    /** How it begins its refusal of the cache volume. */
    private static final String VOLUME = "kiln-buildkitd: cache volume: ";

    /** What an HTTP/2 client says first: the preface and an empty SETTINGS frame (RFC 9113, section 3.4). */
    private static final byte[] GREETING = greeting();

    private final WorkerSettings settings;
    private final InstantSource clock;

    Daemon(WorkerSettings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
    }

    /**
     * Waits until the daemon answers. Its socket accepts connections before it serves them, so an answer is waited for. Only a
     * Unix socket can be waited for; any other address is left to the client.
     *
     * @return whether it answers; false when the worker was told to stop or {@code deadline} came first
     * @throws BuildFailedException when it never will, or took too long to start
     */
    boolean awaitReady(Instant deadline, Cancellation cancellation) throws BuildFailedException, InterruptedException {
        if (!settings.buildkitAddress().startsWith(UNIX)) {
            return true;
        }
        Path socket = Path.of(settings.buildkitAddress().substring(UNIX.length()));
        Instant giveUp = clock.instant().plus(settings.daemonTimeout());
        while (!answers(socket, earlier(giveUp, deadline))) {
            throwIfUnsupported();
            Instant now = clock.instant();
            if (!now.isBefore(deadline)) {
                return false;
            }
            if (!now.isBefore(giveUp)) {
                throw new BuildFailedException(
                        FailureReason.WorkerLost,
                        "The BuildKit daemon did not answer within "
                                + settings.daemonTimeout().toSeconds()
                                + " s. The log of the container buildkitd says why.");
            }
            if (cancellation.await(POLL)) {
                return false;
            }
        }
        return true;
    }

    /** The sidecar's launcher writes its refusal next to where the socket would be. */
    private void throwIfUnsupported() throws BuildFailedException {
        String reason;
        try {
            if (!Files.exists(settings.unsupported())) {
                return;
            }
            reason = Files.readString(settings.unsupported()).strip();
        } catch (IOException e) {
            reason = "the reason could not be read: " + e.getMessage();
        }
        if (reason.startsWith(VOLUME)) {
            throw new BuildFailedException(
                    FailureReason.CacheVolumeUnavailable,
                    "The cache volume cannot be used: "
                            + Printable.text(Printable.cut(reason.substring(VOLUME.length()), MAX_REASON)) + ".");
        }
        String sentence = reason.startsWith(REFUSAL) ? reason.substring(REFUSAL.length()) : reason;
        throw new BuildFailedException(
                FailureReason.WorkerUnsupported,
                "The node cannot run this worker: " + Printable.text(Printable.cut(sentence, MAX_REASON)));
    }

    private boolean answers(Path socket, Instant until) throws InterruptedException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.configureBlocking(false);
            if (!channel.connect(UnixDomainSocketAddress.of(socket))) {
                return false;
            }
            channel.write(ByteBuffer.wrap(GREETING));
            ByteBuffer answer = ByteBuffer.allocate(1);
            while (true) {
                int read = channel.read(answer);
                if (read != 0) {
                    return read > 0;
                }
                if (!clock.instant().isBefore(until) || Files.exists(settings.unsupported())) {
                    return false;
                }
                Thread.sleep(POLL);
            }
        } catch (IOException e) {
            // Not there yet, or gone again: the caller asks until its deadline.
            return false;
        }
    }

    private static Instant earlier(Instant a, Instant b) {
        return a.isBefore(b) ? a : b;
    }

    private static byte[] greeting() {
        byte[] preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        byte[] settingsFrame = {0, 0, 0, 4, 0, 0, 0, 0, 0};
        return ByteBuffer.allocate(preface.length + settingsFrame.length)
                .put(preface)
                .put(settingsFrame)
                .array();
    }
}
