package build.kiln.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A repository on the cluster's git server, written through an ordinary push. */
record GitRepository(String url, Path checkout) {
    static GitRepository create(Cluster cluster, String name) {
        try {
            Path checkout = Files.createTempDirectory("kiln-e2e-git");
            Command.of(
                            "git",
                            "init",
                            "--quiet",
                            "--bare",
                            cluster.git().repositories().resolve(name + ".git"))
                    .output();
            Command.of("git", "init", "--quiet", "--initial-branch=main", checkout)
                    .output();
            return new GitRepository(cluster.git().url() + "/" + name + ".git", checkout);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Commits these files on the branch main and returns the commit. */
    String push(Map<String, String> files) {
        try {
            for (Map.Entry<String, String> file : files.entrySet()) {
                Path path = checkout.resolve(file.getKey());
                Files.createDirectories(path.getParent());
                Files.writeString(path, file.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        git("add", "--all");
        git("-c", "user.name=Scenario", "-c", "user.email=scenario@example.com", "commit", "--quiet", "-m", "Change");
        git("push", "--quiet", url, "HEAD:refs/heads/main");
        return git("rev-parse", "HEAD");
    }

    private String git(String... arguments) {
        Object[] all = new Object[arguments.length + 1];
        all[0] = "git";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return Command.of(all).in(checkout).output();
    }
}
