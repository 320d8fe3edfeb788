package build.kiln.registry;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.http.HttpSettings;
import build.kiln.registry.http.RegistryConfiguration;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.http.RegistryTransport;
import build.kiln.registry.http.Sleeper;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Repository;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import okhttp3.tls.HeldCertificate;
import org.jspecify.annotations.Nullable;

/** The distribution registry as a process on a free port of this machine, with a folder of its own. */
final class RegistryProcess {
    static final String USERNAME = "kiln";
    static final String PASSWORD = "correct-horse";
    /** bcrypt of the password, as htpasswd writes it. */
    private static final String HTPASSWD = "kiln:$2b$05$abcdefghijklmnopqrstuuZ0Fx87Pb/Aqb0E90lfvCwzXnaFKUHpS\n";

    private static final Duration START = Duration.ofSeconds(60);

    private final Process process;
    private final Path folder;
    private final String host;

    private RegistryProcess(Process process, Path folder, String host) {
        this.process = process;
        this.folder = folder;
        this.host = host;
    }

    /** A registry that wants a user name and a password, over TLS. */
    static RegistryProcess secured(Path folder, HeldCertificate leaf) throws Exception {
        Files.writeString(folder.resolve("htpasswd"), HTPASSWD);
        Files.writeString(folder.resolve("tls.crt"), leaf.certificatePem());
        Files.writeString(folder.resolve("tls.key"), leaf.privateKeyPkcs8Pem());
        return start(folder, """
                  tls:
                    certificate: %1$s/tls.crt
                    key: %1$s/tls.key
                auth:
                  htpasswd:
                    realm: test
                    path: %1$s/htpasswd
                """.formatted(folder));
    }

    /** A registry that anybody may use, over plain HTTP. */
    static RegistryProcess open(Path folder) throws Exception {
        return start(folder, "");
    }

    private static RegistryProcess start(Path folder, String more) throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Path configuration = configuration(folder);
        Files.writeString(configuration, """
                version: 0.1
                log:
                  level: warn
                storage:
                  filesystem:
                    rootdirectory: %s/data
                  delete:
                    enabled: true
                http:
                  addr: 127.0.0.1:%d
                """.formatted(folder, port) + more);
        Process process = new ProcessBuilder(binary(folder).toString(), "serve", configuration.toString())
                .redirectErrorStream(true)
                .redirectOutput(log(folder).toFile())
                .start();
        return new RegistryProcess(process, folder, "127.0.0.1:" + port);
    }

    private static Path configuration(Path folder) {
        return folder.resolve("config.yml");
    }

    private static Path log(Path folder) {
        return folder.resolve("registry.log");
    }

    /** Removes what no tag leads to, as administrators have it done at night. */
    void collectUntagged() throws Exception {
        Path output = folder.resolve("garbage-collect.log");
        Process collector = new ProcessBuilder(
                        binary(folder).toString(),
                        "garbage-collect",
                        "--delete-untagged",
                        configuration(folder).toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = collector.waitFor(START.toSeconds(), TimeUnit.SECONDS);
        collector.destroy();
        assertThat(ended).as("garbage-collect ended").isTrue();
        assertThat(collector.exitValue()).as(Files.readString(output)).isZero();
    }

    /** From the tools that the caller names, else from those that {@code ./kiln cluster bin} builds. */
    private static Path binary(Path scratch) throws Exception {
        @Nullable String tools = System.getenv("KILN_TOOLS_BIN");
        Path folder = tools == null || tools.isEmpty() ? builtTools(scratch) : Path.of(tools);
        Path binary = folder.resolve("registry");
        assertThat(binary)
                .as("the distribution registry, built by ./kiln cluster bin")
                .isExecutable();
        return binary;
    }

    private static Path builtTools(Path scratch) throws IOException, InterruptedException {
        Path output = scratch.resolve("kiln-cluster-bin.txt");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("kiln.root"), "kiln").toString());
        command.addAll(List.of("cluster", "bin"));
        Process process = new ProcessBuilder(command)
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        if (!process.waitFor(30, TimeUnit.MINUTES)) {
            process.destroy();
            throw new AssertionError(command + " did not end");
        }
        assertThat(process.exitValue()).as("exit code of %s", command).isZero();
        return Path.of(Files.readString(output, StandardCharsets.UTF_8).strip());
    }

    String host() {
        return host;
    }

    /** Waits until the registry answers. */
    void await(RegistryConfiguration configuration, CredentialSource credentials) throws IOException {
        HttpSettings impatient =
                new HttpSettings(START, START, START, Integer.MAX_VALUE, Duration.ofMillis(20), Duration.ofMillis(200));
        try (RegistryTransport waiting =
                new RegistryTransport(configuration, impatient, Clock.systemUTC(), Sleeper.system())) {
            waiting.client(credentials, START).hasManifest(new Repository(host, "any"), Digest.sha256(new byte[0]));
        } catch (RegistryException e) {
            throw new AssertionError(output(), e);
        }
    }

    /** What the process wrote, for a failure's message. */
    String output() throws IOException {
        return (process.isAlive() ? "running" : "exited " + process.exitValue()) + "\n" + Files.readString(log(folder));
    }

    /** Ends the process, by force if it does not listen. */
    void stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}
