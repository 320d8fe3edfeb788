package build.kiln.worker;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PushbackInputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A registry that knows every manifest and counts who asks for which, so that a RUN step can tell that it is executed. */
final class Witness implements AutoCloseable {
    private static final int TLS_HANDSHAKE = 0x16;
    private static final String MANIFESTS = "/manifests/";

    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Map<String, Integer> executions = new ConcurrentHashMap<>();

    Witness() throws IOException {
        Thread.ofVirtual().start(this::serve);
    }

    String address() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    /** How often each tag was asked for. */
    Map<String, Integer> executions() {
        return executions;
    }

    private void serve() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                Thread.ofVirtual().start(() -> answer(client));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void answer(Socket client) {
        try (client) {
            PushbackInputStream input = new PushbackInputStream(client.getInputStream());
            int first = input.read();
            if (first == TLS_HANDSHAKE) {
                // Said in plain text, clients know at once that there is no TLS.
                write(client, "400 Bad Request", "");
                return;
            }
            input.unread(first);
            BufferedReader lines = new BufferedReader(new InputStreamReader(input, StandardCharsets.UTF_8));
            String path = lines.readLine().split(" ", -1)[1];
            String line = path;
            while (line != null && !line.isEmpty()) {
                line = lines.readLine();
            }
            int at = path.indexOf(MANIFESTS);
            if (at >= 0) {
                executions.merge(path.substring(at + MANIFESTS.length()), 1, Integer::sum);
            }
            write(client, "200 OK", "{}");
        } catch (IOException e) {
            // The client is gone.
        }
    }

    private static void write(Socket client, String status, String body) throws IOException {
        String response = "HTTP/1.1 " + status + "\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n"
                + "Connection: close\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
        client.getOutputStream().write(response.getBytes(StandardCharsets.UTF_8));
        client.getOutputStream().flush();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
