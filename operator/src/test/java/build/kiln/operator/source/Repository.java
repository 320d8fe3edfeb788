package build.kiln.operator.source;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A bare repository made by git itself. */
final class Repository {
    private final Path path;

    Repository(Path path) throws IOException, InterruptedException {
        this.path = path;
        run(List.of("git", "init", "-q", "--bare", "-b", "main", path.toString()));
    }

    /** Adds an empty commit to a branch and gives its id. */
    String commit(String branch) throws IOException, InterruptedException {
        String tree = git("hash-object", "-t", "tree", "-w", "/dev/null");
        String before = git("for-each-ref", "--format=%(objectname)", "refs/heads/" + branch);
        List<String> command = new ArrayList<>(List.of("commit-tree", tree, "-m", "change"));
        if (!before.isEmpty()) {
            command.addAll(List.of("-p", before));
        }
        String commit = git(command.toArray(String[]::new));
        git("update-ref", "refs/heads/" + branch, commit);
        return commit;
    }

    String git(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("git", "-C", path.toString()));
        command.addAll(List.of(arguments));
        return run(command);
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        ProcessBuilder program = new ProcessBuilder(command).redirectErrorStream(true);
        program.environment()
                .putAll(Map.of(
                        "GIT_CONFIG_NOSYSTEM", "1",
                        "GIT_CONFIG_GLOBAL", "/dev/null",
                        "GIT_AUTHOR_NAME", "A",
                        "GIT_AUTHOR_EMAIL", "a@example.com",
                        "GIT_COMMITTER_NAME", "A",
                        "GIT_COMMITTER_EMAIL", "a@example.com"));
        Process process = program.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.waitFor() != 0) {
            throw new IOException(command + ": " + output);
        }
        return output;
    }
}
