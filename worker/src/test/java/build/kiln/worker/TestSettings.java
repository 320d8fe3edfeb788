package build.kiln.worker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

/** A worker's world below one folder. */
final class TestSettings {
    private TestSettings() {}

    /** No daemon is waited for: the client is a script. */
    static WorkerSettings in(Path folder, Path buildctl) {
        return in(folder, buildctl, "tcp://127.0.0.1:1", Duration.ofSeconds(10));
    }

    static WorkerSettings in(Path folder, Path buildctl, String address, Duration daemonTimeout) {
        return new WorkerSettings(
                folder.resolve("docker"),
                folder.resolve("secrets"),
                folder.resolve("git"),
                folder.resolve("cache"),
                folder.resolve("local"),
                folder.resolve("unsupported"),
                folder.resolve("evidence.sock"),
                folder.resolve("net-dev"),
                address,
                folder.resolve("termination-log"),
                folder,
                buildctl.toString(),
                daemonTimeout);
    }

    /** A shell script in the place of BuildKit's client. */
    static Path script(Path folder, String text) throws IOException {
        Path script = folder.resolve("buildctl");
        Files.writeString(script, "#!/bin/sh\n" + text);
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return script;
    }
}
