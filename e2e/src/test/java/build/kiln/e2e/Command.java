package build.kiln.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A program run to its end, with a deadline; a failure carries what it printed. */
final class Command {
    private final List<String> arguments;
    private final Map<String, String> environment = new HashMap<>();
    private @Nullable Path directory;
    private Duration deadline = Duration.ofMinutes(2);

    private Command(List<String> arguments) {
        this.arguments = arguments;
    }

    static Command of(Object... arguments) {
        return new Command(Arrays.stream(arguments).map(String::valueOf).toList());
    }

    Command in(Path directory) {
        this.directory = directory;
        return this;
    }

    Command with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    Command within(Duration deadline) {
        this.deadline = deadline;
        return this;
    }

    /** Runs it and returns its standard output, without the last line's end. */
    String output() {
        Result result = result();
        if (result.exitCode() != 0) {
            throw new AssertionError("%s exited with %d%n%s%n%s"
                    .formatted(String.join(" ", arguments), result.exitCode(), result.output(), result.errors()));
        }
        return result.output().stripTrailing();
    }

    /** Runs it whatever its exit code. */
    Result result() {
        try {
            return runToEnd();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + arguments.getFirst(), e);
        }
    }

    private Result runToEnd() throws IOException, InterruptedException {
        Path output = Files.createTempFile("kiln-e2e", ".out");
        Path errors = Files.createTempFile("kiln-e2e", ".err");
        try {
            ProcessBuilder builder = new ProcessBuilder(arguments)
                    .redirectOutput(output.toFile())
                    .redirectError(errors.toFile());
            if (directory != null) {
                builder.directory(directory.toFile());
            }
            builder.environment().putAll(environment);
            Process process = builder.start();
            process.getOutputStream().close();
            if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
                throw new AssertionError("%s did not end within %s%n%s%n%s"
                        .formatted(String.join(" ", arguments), deadline, text(output), text(errors)));
            }
            return new Result(process.exitValue(), text(output), text(errors));
        } finally {
            Files.deleteIfExists(output);
            Files.deleteIfExists(errors);
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }

    record Result(int exitCode, String output, String errors) {}
}
