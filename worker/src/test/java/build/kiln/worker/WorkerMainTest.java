package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.protocol.BuildRequest.Cache;
import build.kiln.protocol.BuildRequest.CacheMode;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.Failed;
import build.kiln.protocol.BuildResult.Succeeded;
import build.kiln.protocol.FailureReason;
import build.kiln.protocol.ProtocolJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program as the container starts it. */
@Timeout(60)
class WorkerMainTest {
    @TempDir
    Path folder;

    @Test
    void failedBuildExitsWithItsCodeAndLeavesAResultThatFits() throws Exception {
        Process worker = start("i=0; while [ $i -lt 3000 ]; do echo \"error: line $i of an endless error\" >&2;"
                + " i=$((i+1)); done; exit 1");

        assertThat(worker.waitFor()).isEqualTo(2);
        assertThat(Files.size(folder.resolve("result"))).isLessThanOrEqualTo(BuildResult.MAX_BYTES);
        assertThat(result()).isInstanceOf(Failed.class);
    }

    @Test
    void pushedImageExitsWithZero() throws Exception {
        Process worker = start("""
                while [ "$1" != --metadata-file ]; do shift; done
                echo '{"containerimage.descriptor":{"mediaType":"m","digest":"sha256:1","size":1}}' > "$2"
                """);

        assertThat(worker.waitFor()).isZero();
        assertThat(result()).isInstanceOf(Succeeded.class);
    }

    @Test
    void terminatedWorkerStopsTheBuildAndSaysSo() throws Exception {
        Path started = folder.resolve("started");
        Path stopped = folder.resolve("stopped");
        Process worker =
                start("trap 'touch " + stopped + "; exit 1' TERM; touch " + started + "; while :; do sleep 0.1; done");
        while (!Files.exists(started)) {
            assertThat(worker.isAlive()).isTrue();
            Thread.onSpinWait();
        }

        worker.destroy();

        assertThat(worker.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(worker.exitValue()).isEqualTo(143);
        assertThat(stopped).exists();
        assertThat(result())
                .isInstanceOfSatisfying(
                        Failed.class, failed -> assertThat(failed.reason()).isEqualTo(FailureReason.Cancelled));
    }

    @Test
    void workerThatIsTerminatedAfterThePushHasSucceeded() throws Exception {
        Path started = folder.resolve("started");
        String cache = "registry.example.com/test/app:cache";
        Process worker = start(
                """
                for argument; do case "$argument" in --export-cache) touch %s; exec sleep 600;; esac; done
                while [ "$1" != --metadata-file ]; do shift; done
                echo '{"containerimage.descriptor":{"mediaType":"m","digest":"sha256:1","size":1}}' > "$2"
                """.formatted(started),
                Requests.inline(Map.of()).cache(new Cache(List.of(), cache, CacheMode.Max, null, 600)));
        while (!Files.exists(started)) {
            assertThat(worker.isAlive()).isTrue();
            Thread.onSpinWait();
        }

        worker.destroy();

        assertThat(worker.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(worker.exitValue()).isZero();
        assertThat(result()).isInstanceOf(Succeeded.class);
    }

    private Process start(String script) throws IOException {
        return start(script, Requests.inline(Map.of("Dockerfile", "FROM scratch")));
    }

    private Process start(String script, Requests requests) throws IOException {
        Path buildctl = TestSettings.script(folder, script);
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WorkerMain.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile());
        builder.environment()
                .putAll(Map.of(
                        "KILN_BUILD_REQUEST",
                        ProtocolJson.write(requests.request()),
                        "KILN_BUILDCTL",
                        buildctl.toString(),
                        "KILN_BUILDKIT_ADDRESS",
                        "tcp://127.0.0.1:1",
                        "KILN_TERMINATION_MESSAGE",
                        folder.resolve("result").toString(),
                        "TMPDIR",
                        folder.toString()));
        return builder.start();
    }

    private BuildResult result() throws Exception {
        return ProtocolJson.readResult(Files.readString(folder.resolve("result")));
    }
}
