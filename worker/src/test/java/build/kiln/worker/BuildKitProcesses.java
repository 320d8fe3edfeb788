package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A real BuildKit daemon and a real registry, from {@code KILN_TOOLS_BIN} or what {@code ./kiln cluster bin} builds. */
final class BuildKitProcesses {
    private final Path folder;
    private final Path tools;
    private final String registry;
    private final ServerSocket silence;
    private final List<Process> processes = new ArrayList<>();

    private BuildKitProcesses(Path folder, Path tools, String registry, ServerSocket silence) {
        this.silence = silence;
        this.folder = folder;
        this.tools = tools;
        this.registry = registry;
    }

    static BuildKitProcesses start(Path folder) throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        BuildKitProcesses started = new BuildKitProcesses(
                folder, tools(folder), "127.0.0.1:" + port, new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
        started.startRegistry(port);
        started.startDaemon();
        return started;
    }

    /** Address of a server that accepts connections and never answers. */
    String silence() {
        return "127.0.0.1:" + silence.getLocalPort();
    }

    String registry() {
        return registry;
    }

    String address() {
        return "unix://" + folder.resolve("buildkitd.sock");
    }

    /** The folder with all programs. */
    Path tools() {
        return tools;
    }

    Path buildctl() {
        return tools.resolve("buildctl");
    }

    private void startRegistry(int port) throws Exception {
        Path configuration = Files.writeString(folder.resolve("registry.yml"), """
                version: 0.1
                log: {level: warn}
                storage: {filesystem: {rootdirectory: %s/registry}}
                http: {addr: "%s"}
                """.formatted(folder, registry));
        run("registry", "serve", configuration.toString());
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!accepts(port)) {
            assertThat(System.nanoTime()).as("the registry listens in time").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private void startDaemon() throws IOException {
        Path configuration =
                Files.writeString(folder.resolve("buildkitd.toml"), """
                root = "%1$s/buildkit"
                [grpc]
                  address = ["%2$s"]
                [worker.oci]
                  enabled = true
                  networkMode = "host"
                  snapshotter = "native"
                [worker.containerd]
                  enabled = false
                [registry."%3$s"]
                  http = true
                """.formatted(folder, address(), registry));
        run("buildkitd", "--config", configuration.toString());
        Path socket = folder.resolve("buildkitd.sock");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!Files.exists(socket)) {
            assertThat(System.nanoTime()).as("the daemon listens in time").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private void run(String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(tools.resolve(program).toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(program + ".log").toFile());
        builder.environment().merge("PATH", tools.toString(), (path, more) -> path + ":" + more);
        processes.add(builder.start());
    }

    /** Pushes an image for this machine that has nothing but one of the tools, {@code /program}. */
    String pushProgram(String tool) throws IOException, InterruptedException {
        Path context = Files.createDirectory(folder.resolve("image-of-" + tool));
        Files.copy(tools.resolve(tool), context.resolve("program"));
        Files.writeString(context.resolve("Dockerfile"), "FROM scratch\nCOPY --chmod=755 program /program\n");
        String image = registry + "/" + tool + ":latest";
        succeed(
                "build",
                "--frontend=dockerfile.v0",
                "--local=context=" + context,
                "--local=dockerfile=" + context,
                "--output=type=image,push=true,registry.insecure=true,name=" + image);
        return image;
    }

    private void succeed(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(buildctl().toString(), "--addr", address()));
        command.addAll(List.of(arguments));
        Path log = folder.resolve("buildctl.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS))
                .as("buildctl ends in time")
                .isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    }

    /** The daemon is as new afterwards, as that of a new pod. */
    void forgetEverything() throws IOException, InterruptedException {
        succeed("prune", "--all");
    }

    /** As the operator does it when all platforms are there. */
    void tag(String repository, String digest, String tag) throws Exception {
        URI manifests = URI.create("http://" + registry + "/v2/" + repository + "/manifests/");
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<byte[]> manifest = client.send(
                    HttpRequest.newBuilder(URI.create(manifests + digest))
                            .header("Accept", "application/vnd.oci.image.manifest.v1+json")
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            HttpResponse<String> tagged = client.send(
                    HttpRequest.newBuilder(URI.create(manifests + tag))
                            .header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
                            .PUT(HttpRequest.BodyPublishers.ofByteArray(manifest.body()))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(tagged.statusCode()).as(tagged.body()).isEqualTo(201);
        }
    }

    /** As a clean-up of the registry does it that does not know what a cache needs. */
    void loseBlob(String digest) throws IOException {
        String hex = digest.substring("sha256:".length());
        Files.delete(folder.resolve(
                "registry/docker/registry/v2/blobs/sha256/" + hex.substring(0, 2) + "/" + hex + "/data"));
    }

    void stop() throws IOException, InterruptedException {
        silence.close();
        processes.forEach(Process::destroy);
        for (Process process : processes) {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        }
    }

    private static boolean accepts(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private static Path tools(Path scratch) throws Exception {
        String given = System.getenv("KILN_TOOLS_BIN");
        if (given != null && !given.isEmpty()) {
            return Path.of(given);
        }
        Path output = scratch.resolve("tools.txt");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("kiln.root"), "kiln").toString(), "cluster", "bin")
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.waitFor(30, TimeUnit.MINUTES))
                .as("./kiln cluster bin ends")
                .isTrue();
        assertThat(process.exitValue()).as("exit code of ./kiln cluster bin").isZero();
        return Path.of(Files.readString(output).strip());
    }
}
