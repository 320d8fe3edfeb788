package build.kiln.operator.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real program that users, or their tools, point at builds.
 *
 * @param command its path and the arguments that every call has
 */
public record Program(List<String> command) {
    private static final long LONGEST_SECONDS = 90;

    /** kubectl, as an administrator uses it in a namespace. */
    public static Program kubectl(ControlPlane.Access access, String namespace) {
        return new Program(List.of(
                access.tools().resolve("kubectl").toString(),
                "--kubeconfig=" + access.kubeconfig(),
                "--namespace=" + namespace));
    }

    /** Prints name, kstatus and reason of each object that it reads. */
    public static Program kstatus(ControlPlane.Access access) {
        return new Program(List.of(access.tools().resolve("kstatus").toString()));
    }

    /**
     * What it did.
     *
     * @param exitCode 0 after a success
     * @param output what it wrote
     * @param errors what it complained of
     */
    public record Outcome(int exitCode, String output, String errors) {}

    /** What it writes; it has to succeed. */
    public String output(String... arguments) {
        return outputFor("", arguments);
    }

    /** What it writes about its input; it has to succeed. */
    public String outputFor(String input, String... arguments) {
        Outcome outcome = run(input, arguments);
        assertThat(outcome.exitCode())
                .as("%s %s: %s", command, List.of(arguments), outcome.errors())
                .isZero();
        return outcome.output();
    }

    /** Lets it run to its end. */
    public Outcome run(String input, String... arguments) {
        List<String> all = Stream.concat(command.stream(), Stream.of(arguments)).toList();
        try {
            Path in = Files.createTempFile("program", ".in");
            Path out = Files.createTempFile("program", ".out");
            Path errors = Files.createTempFile("program", ".err");
            try {
                Files.writeString(in, input);
                Process process = new ProcessBuilder(all)
                        .redirectInput(in.toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(errors.toFile())
                        .start();
                if (!process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new AssertionError(all + " does not end: " + Files.readString(errors));
                }
                return new Outcome(process.exitValue(), Files.readString(out), Files.readString(errors));
            } finally {
                for (Path file : List.of(in, out, errors)) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + all + " ran", e);
        }
    }
}
