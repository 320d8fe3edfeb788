package build.kiln.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A server of the S3 interface beside the cluster's registry, over a folder whose folders are the buckets. */
final class ObjectStore implements AutoCloseable {
    static final String BUCKET = "build-cache";
    private static final String KEY_ID = "KILNSCENARIO";
    private static final String KEY = "object-store-canary";
    /** On the address of the registry, which is the cluster's own. */
    private static final int PORT = 7480;

    private final Path folder;
    private final String host;
    private final Process process;

    private ObjectStore(Path folder, String host, Process process) {
        this.folder = folder;
        this.host = host;
        this.process = process;
    }

    static ObjectStore start(Cluster cluster) {
        String host = cluster.registry().replaceFirst(":[0-9]+$", "");
        try {
            Path folder = Files.createTempDirectory("kiln-e2e-s3");
            Files.createDirectory(folder.resolve(BUCKET));
            ProcessBuilder builder = new ProcessBuilder(
                            "nsenter",
                            "--net",
                            "--target=" + cluster.registryProcess().pid(),
                            cluster.program("versitygw").toString(),
                            "--port",
                            host + ":" + PORT,
                            "posix",
                            folder.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD);
            builder.environment().put("ROOT_ACCESS_KEY", KEY_ID);
            builder.environment().put("ROOT_SECRET_KEY", KEY);
            ObjectStore store = new ObjectStore(folder, host, builder.start());
            Awaitility.await("the object store listens")
                    .atMost(Duration.ofSeconds(30))
                    .until(store::accepts);
            return store;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String endpoint() {
        return "http://" + host + ":" + PORT;
    }

    /** Content of the Secret. */
    Map<String, String> credentials() {
        return Map.of("accessKeyId", KEY_ID, "secretAccessKey", KEY);
    }

    /** Keys below a folder of the bucket. */
    List<String> keys(String prefix) {
        Path top = folder.resolve(BUCKET).resolve(prefix);
        if (!Files.isDirectory(top)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(top)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> top.relativize(file).toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean accepts() {
        try (Socket socket = new Socket(host, PORT)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
