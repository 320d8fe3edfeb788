package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.protocol.FailureReason;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DaemonTest {
    @TempDir
    Path folder;

    private final Cancellation cancellation = new Cancellation();

    @Test
    void daemonIsReadyWhenItAnswersAndNotWhenItsSocketExists() throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(folder.resolve("socket")));
            CompletableFuture<Boolean> ready = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> complete(ready, daemon(Duration.ofSeconds(30))));
            try (SocketChannel client = server.accept()) {
                ByteBuffer greeting = ByteBuffer.allocate(24);
                while (greeting.hasRemaining()) {
                    assertThat(client.read(greeting)).isPositive();
                }
                assertThat(new String(greeting.array(), 0, 3, java.nio.charset.StandardCharsets.US_ASCII))
                        .isEqualTo("PRI");
                assertThat(ready).isNotDone();

                client.write(ByteBuffer.wrap(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0}));

                assertThat(ready.get()).isTrue();
            }
        }
    }

    @Test
    void daemonThatNeverComesIsInfrastructure() {
        assertThatThrownBy(() -> daemon(Duration.ofMillis(50)).awaitReady(inAnHour(), cancellation))
                .isInstanceOfSatisfying(
                        BuildFailedException.class,
                        e -> assertThat(e.diagnosis().reason()).isEqualTo(FailureReason.WorkerLost));
    }

    @Test
    void refusalOfTheSidecarIsPassedOn() throws Exception {
        Files.writeString(
                folder.resolve("unsupported"),
                "kiln-buildkitd: unsupported: the pod has no user namespace; enable UserNamespacesSupport\n");

        assertThatThrownBy(() -> daemon(Duration.ofSeconds(30)).awaitReady(inAnHour(), cancellation))
                .isInstanceOfSatisfying(
                        BuildFailedException.class,
                        e -> assertThat(e.diagnosis().reason()).isEqualTo(FailureReason.WorkerUnsupported))
                .hasMessage("The node cannot run this worker: the pod has no user namespace; enable"
                        + " UserNamespacesSupport");
    }

    @Test
    void cacheVolumeThatCannotBeUsedIsNotTheNodesFault() throws Exception {
        Files.writeString(folder.resolve("unsupported"), "kiln-buildkitd: cache volume: another pod holds it");

        assertThatThrownBy(() -> daemon(Duration.ofSeconds(30)).awaitReady(inAnHour(), cancellation))
                .isInstanceOfSatisfying(
                        BuildFailedException.class,
                        e -> assertThat(e.diagnosis().reason()).isEqualTo(FailureReason.CacheVolumeUnavailable))
                .hasMessage("The cache volume cannot be used: another pod holds it.");
    }

    @Test
    void workerThatIsToldToStopStopsWaiting() throws Exception {
        cancellation.request();

        assertThat(daemon(Duration.ofSeconds(30)).awaitReady(inAnHour(), cancellation))
                .isFalse();
    }

    @Test
    void deadlineOfTheBuildEndsTheWait() throws Exception {
        assertThat(daemon(Duration.ofSeconds(30)).awaitReady(Instant.now().plusMillis(50), cancellation))
                .isFalse();
    }

    private static Instant inAnHour() {
        return Instant.now().plusSeconds(3600);
    }

    private Daemon daemon(Duration timeout) {
        String address = "unix://" + folder.resolve("socket");
        return new Daemon(TestSettings.in(folder, folder.resolve("buildctl"), address, timeout), Clock.systemUTC());
    }

    private void complete(CompletableFuture<Boolean> ready, Daemon daemon) {
        try {
            ready.complete(daemon.awaitReady(inAnHour(), cancellation));
        } catch (BuildFailedException | InterruptedException e) {
            ready.completeExceptionally(e);
        }
    }

    @Test
    void socketOfAnotherProgramIsNotADaemon() throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(folder.resolve("socket")));

            assertThatThrownBy(() -> daemon(Duration.ofMillis(50)).awaitReady(inAnHour(), cancellation))
                    .isInstanceOf(BuildFailedException.class);
        }
    }
}
