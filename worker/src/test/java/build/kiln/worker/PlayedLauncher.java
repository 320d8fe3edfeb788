package build.kiln.worker;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Answers on the launcher's socket. */
final class PlayedLauncher implements AutoCloseable {
    private final ServerSocketChannel server;

    private PlayedLauncher(ServerSocketChannel server) {
        this.server = server;
    }

    static PlayedLauncher at(Path socket, String answer) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().start(() -> serve(server, answer.getBytes(StandardCharsets.UTF_8)));
        return new PlayedLauncher(server);
    }

    private static void serve(ServerSocketChannel server, byte[] answer) {
        while (server.isOpen()) {
            try (SocketChannel client = server.accept()) {
                client.write(ByteBuffer.wrap(answer));
            } catch (IOException e) {
                // Closed by the test.
                return;
            }
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
