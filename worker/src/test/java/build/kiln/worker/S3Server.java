package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A real server of the S3 interface, over a folder whose folders are the buckets. */
final class S3Server {
    static final String BUCKET = "build-cache";
    static final String REGION = "eu-central-1";
    static final String KEY_ID = "KILNTESTKEY";
    static final String KEY = "a-secret-of-the-test";

    private final Path folder;
    private final int port;
    private final Process process;

    private S3Server(Path folder, int port, Process process) {
        this.folder = folder;
        this.port = port;
        this.process = process;
    }

    static S3Server start(Path tools, Path scratch) throws Exception {
        Path folder = Files.createDirectories(scratch.resolve("s3"));
        Files.createDirectories(folder.resolve(BUCKET));
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        ProcessBuilder builder = new ProcessBuilder(
                        tools.resolve("versitygw").toString(),
                        "--port",
                        "127.0.0.1:" + port,
                        "--region",
                        REGION,
                        "posix",
                        folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(scratch.resolve("versitygw.log").toFile());
        builder.environment().put("ROOT_ACCESS_KEY", KEY_ID);
        builder.environment().put("ROOT_SECRET_KEY", KEY);
        S3Server server = new S3Server(folder, port, builder.start());
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!server.accepts()) {
            assertThat(System.nanoTime()).as("the S3 server listens in time").isLessThan(deadline);
            Thread.onSpinWait();
        }
        return server;
    }

    String endpoint() {
        return "http://127.0.0.1:" + port;
    }

    /** Keys below a folder of the bucket. */
    List<String> keys(String prefix) throws IOException {
        Path top = folder.resolve(BUCKET);
        if (!Files.isDirectory(top.resolve(prefix))) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(top.resolve(prefix))) {
            return files.filter(Files::isRegularFile)
                    .map(file -> top.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    /** As a rule of the bucket does it that does not know what a cache needs. */
    void lose(String key) throws IOException {
        Files.delete(folder.resolve(BUCKET).resolve(key));
    }

    private boolean accepts() {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    void stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}
