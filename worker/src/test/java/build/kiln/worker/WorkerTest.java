package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import build.kiln.protocol.BuildRequest.Cache;
import build.kiln.protocol.BuildRequest.CacheMode;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.CacheUse;
import build.kiln.protocol.BuildResult.ExportResult;
import build.kiln.protocol.BuildResult.Failed;
import build.kiln.protocol.BuildResult.ImportResult;
import build.kiln.protocol.BuildResult.Succeeded;
import build.kiln.protocol.FailureReason;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole worker with a script in the place of BuildKit's client. */
@Timeout(60)
class WorkerTest {
    private static final String DIGEST = "sha256:" + "a".repeat(64);
    private static final String PUSH = """
            while [ "$1" != --metadata-file ]; do shift; done
            echo '{"containerimage.descriptor":{"mediaType":"application/vnd.oci.image.manifest.v1+json",\
            "digest":"%s","size":42}}' > "$2"
            """.formatted(DIGEST);

    private static final Cache CACHE = new Cache(
            List.of("registry.example.com/test/app:cache"),
            "registry.example.com/test/app:cache",
            CacheMode.Max,
            null,
            60);

    @TempDir
    Path folder;

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final Cancellation cancellation = new Cancellation();

    @Test
    void pushedImageIsTheResultAndTheLastLine() throws Exception {
        BuildResult result = run(PUSH, Requests.inline(Map.of("Dockerfile", "FROM scratch")));

        assertThat(result).isInstanceOfSatisfying(Succeeded.class, succeeded -> {
            assertThat(succeeded.pushed().digest()).isEqualTo(DIGEST);
            assertThat(succeeded.pushed().size()).isEqualTo(42);
            assertThat(succeeded.timings().daemonReady()).isNotNull();
        });
        assertThat(text().lines().toList())
                .endsWith("pushed registry.example.com/test/app@" + DIGEST)
                .startsWith("building linux/amd64");
    }

    @Test
    void clientSeesTheMergedCredentialsAndNothingElseOfTheEnvironment() throws Exception {
        Files.createDirectories(folder.resolve("docker/0"));
        Files.writeString(folder.resolve("docker/0/config.json"), "{\"auths\":{\"r\":{\"auth\":\"x\"}}}");

        run(
                "cp $DOCKER_CONFIG/config.json " + folder + "/seen; env > " + folder + "/env;" + PUSH,
                Requests.inline(Map.of()));

        assertThat(folder.resolve("seen")).hasContent("{\"auths\":{\"r\":{\"auth\":\"x\"}}}");
        assertThat(Files.readAllLines(folder.resolve("env")))
                .allMatch(line -> line.matches(
                        "(PATH|HOME|DOCKER_CONFIG|PWD|_|SHLVL|OLDPWD|TMPDIR|SSL_CERT_.*|.*(PROXY|proxy))=.*"));
    }

    @Test
    void cacheIsWrittenAfterThePush() throws Exception {
        Path exported = folder.resolve("exported");

        BuildResult result =
                run(onExport("touch " + exported), Requests.inline(Map.of()).cache(CACHE));

        assertThat(result).isInstanceOf(Succeeded.class);
        assertThat(exported).exists();
        assertThat(text().lines().toList())
                .element(1)
                .asString()
                .startsWith("pushed registry.example.com/test/app@" + DIGEST);
        assertThat(text()).contains("cache written to registry.example.com/test/app:cache in ");
    }

    @Test
    void cacheThatCannotBeWrittenFailsNoBuild() throws Exception {
        String script = onExport("""
                echo '{"vertexes":[{"digest":"sha256:1","name":"exporting cache to registry",\
                "started":"2026-01-01T00:00:00Z","completed":"2026-01-01T00:00:09Z","error":"denied: no room"}]}' >&2
                exit 1""");

        BuildResult result = run(script, Requests.inline(Map.of()).cache(CACHE));

        assertThat(result).isInstanceOf(Succeeded.class);
        assertThat(text())
                .contains("#1 exporting cache to registry\n")
                .contains("WARNING: the cache was not written to registry.example.com/test/app:cache: denied: no room");
    }

    @Test
    void cacheThatTakesTooLongIsGivenUp() throws Exception {
        Cache slow = new Cache(CACHE.imports(), CACHE.export(), CACHE.mode(), null, 1);

        BuildResult result =
                run(onExport("exec sleep 600"), Requests.inline(Map.of()).cache(slow));

        assertThat(result).isInstanceOf(Succeeded.class);
        assertThat(text()).contains("WARNING: the cache was not written").contains("exportTimeoutSeconds of 1");
    }

    @Test
    void cacheThatHasLostItsLayersIsDoneWithout() throws Exception {
        String script = """
                for argument; do case "$argument" in --import-cache)
                echo '{"vertexes":[{"digest":"sha256:1","name":"importing cache manifest from r/a:c",\
                "started":"2026-01-01T00:00:00Z","completed":"2026-01-01T00:00:00Z"}]}' >&2
                echo "error: failed to solve: failed to copy: httpReadSeeker: failed open: could not fetch content\
                 descriptor sha256:0 (application/vnd.oci.image.layer.v1.tar+gzip) from remote: not found" >&2
                exit 1;; esac; done
                """.replace("content\n ", "content ") + onExport("exit 0");

        BuildResult result = run(script, Requests.inline(Map.of()).cache(CACHE));

        assertThat(result)
                .isInstanceOfSatisfying(
                        Succeeded.class,
                        succeeded -> assertThat(succeeded.cache())
                                .extracting(CacheUse::importResult, CacheUse::exportResult)
                                .containsExactly(ImportResult.Broken, ExportResult.Exported));
        assertThat(text())
                .contains("Not all layers of the cache are there any more")
                .contains("cache written to");
    }

    @Test
    void imageIsASuccessThoughTheWorkerIsToldToStopWritingItsCache() throws Exception {
        Path started = folder.resolve("started");
        Thread stop = Thread.ofVirtual().start(() -> {
            while (!Files.exists(started)) {
                Thread.onSpinWait();
            }
            cancellation.request();
        });

        BuildResult result = run(
                onExport("touch " + started + "; exec sleep 600"),
                Requests.inline(Map.of()).cache(CACHE));

        stop.join();
        assertThat(result).isInstanceOf(Succeeded.class);
    }

    @Test
    void successWithoutAnImageIsAFailure() throws Exception {
        assertFailed(run("exit 0", Requests.inline(Map.of())), FailureReason.PushFailed);
        assertFailed(run(PUSH.replace("sha256:", ""), Requests.inline(Map.of())), FailureReason.PushFailed);
    }

    @Test
    void failedStepIsShownAndReported() throws Exception {
        String log = Files.readString(Golden.path("corpus/run-exit-7.log"));
        Files.writeString(folder.resolve("recorded"), log.substring(log.indexOf('\n') + 1));

        BuildResult result = run("cat " + folder + "/recorded >&2; exit 1", Requests.inline(Map.of()));

        assertFailed(result, FailureReason.BuildFailed);
        assertThat(((Failed) result).exitCode()).isEqualTo(7);
        assertThat(text()).contains("#7 ERROR: process").contains("failed: BuildFailed: ");
    }

    @Test
    void clientThatCrashesWithNoiseIsAnInfrastructureFailure() throws Exception {
        BuildResult result =
                run("head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2; kill -9 $$", Requests.inline(Map.of()));

        assertFailed(result, FailureReason.WorkerLost);
    }

    @Test
    void missingClientIsAnInfrastructureFailure() throws Exception {
        WorkerSettings settings = TestSettings.in(folder, folder.resolve("nowhere"));

        BuildResult result = worker(settings, Requests.inline(Map.of())).run();

        assertFailed(result, FailureReason.WorkerLost);
    }

    @Test
    void buildThatTakesTooLongIsStopped() throws Exception {
        String script = """
                trap 'echo "{\\"vertexes\\":[{\\"digest\\":\\"sha256:1\\",\\"started\\":\\"2026-01-01T00:00:00Z\\",\
                \\"completed\\":\\"2026-01-01T00:00:09Z\\",\\"error\\":\\"context canceled\\"}]}" >&2; exit 1' TERM
                echo '{"vertexes":[{"digest":"sha256:1","name":"[2/2] RUN make","started":"2026-01-01T00:00:00Z"}]}' >&2
                while :; do sleep 0.1; done
                """;

        BuildResult result = run(script, Requests.inline(Map.of()).timeoutSeconds(1));

        assertFailed(result, FailureReason.DeadlineExceeded);
        assertThat(((Failed) result).step()).isEqualTo("RUN make");
        assertThat(((Failed) result).message()).contains("while it ran \"RUN make\"");
        assertThat(((Failed) result).reason().exitCode()).isEqualTo(3);
        assertThat(((Failed) result).message()).contains("timeoutSeconds");
    }

    @Test
    void buildWithoutProgressIsStoppedWithEvidenceOfWhatItDid() throws Exception {
        String script = """
                echo '{"vertexes":[{"digest":"sha256:1","name":"[2/2] RUN make","started":"2026-01-01T00:00:00Z"}]}' >&2
                echo '{"logs":[{"vertex":"sha256:1","data":"bGlua2luZwo="}]}' >&2
                while :; do sleep 0.1
                echo '{"statuses":[{"id":"layer","vertex":"sha256:1","current":7,"total":9,"timestamp":"'\
                "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)"'"}]}' >&2; done
                """;

        BuildResult result;
        try (PlayedLauncher _ = PlayedLauncher.at(
                folder.resolve("evidence.sock"),
                "{\"processes\":[{\"pid\":42,\"state\":\"S\",\"seconds\":900,\"cpuSeconds\":1,"
                        + "\"command\":\"ld --threads\\u001b[31m\"}]}")) {
            result = run(script, Requests.inline(Map.of()).stallTimeoutSeconds(1));
        }

        assertFailed(result, FailureReason.BuildStalled);
        Failed failed = (Failed) result;
        assertThat(failed.step()).isEqualTo("RUN make");
        assertThat(failed.message()).contains("no progress for 1 s", "\"RUN make\"", "spec.stallTimeoutSeconds");
        assertThat(failed.logTail()).startsWith("linking\n").endsWith("42 S 900s cpu 1s ld --threads");
        assertThat(failed.reason().exitCode()).isEqualTo(3);
        assertThat(text()).contains("stalled in #1 RUN make", "stalled with process 42 S");
    }

    @Test
    void buildThatPrintsIsNotStalled() throws Exception {
        String script = """
                for i in 1 2 3 4 5 6 7 8; do
                echo '{"logs":[{"vertex":"sha256:1","data":"bGlua2luZwo="}]}' >&2; sleep 0.2; done
                """ + PUSH;

        BuildResult result = run(script, Requests.inline(Map.of()).stallTimeoutSeconds(1));

        assertThat(result).isInstanceOf(Succeeded.class);
    }

    @Test
    void platformsOfOneRequestAreBuiltTogether() throws Exception {
        BuildResult result = run(PUSH, Requests.inline(Map.of()).others("linux/arm64", "linux/s390x"));

        assertThat(result)
                .isInstanceOfSatisfying(
                        Succeeded.class,
                        succeeded -> assertThat(succeeded.others())
                                .extracting(BuildResult.OtherPlatform::platform, BuildResult.OtherPlatform::digest)
                                .containsExactly(tuple("linux/arm64", DIGEST), tuple("linux/s390x", DIGEST)));
        assertThat(text())
                .contains("building linux/arm64 (emulated)\n")
                .contains("linux/s390x pushed registry.example.com/test/app@" + DIGEST);
    }

    @Test
    void firstPlatformThatFailsEndsTheOthers() throws Exception {
        String script = """
                for argument; do case "$argument" in platform=linux/arm64)
                echo "error: failed to solve: registry.example.com/base: not found" >&2; exit 1;; esac; done
                exec sleep 600
                """;

        BuildResult result = run(script, Requests.inline(Map.of()).others("linux/arm64", "linux/s390x"));

        assertThat(result).isInstanceOfSatisfying(Failed.class, failed -> {
            assertThat(failed.platform()).isEqualTo("linux/arm64");
            assertThat(failed.message()).contains("registry.example.com/base");
        });
    }

    /** It may wait for the others' steps. */
    @Test
    void platformIsNotStalledWhileAnotherOneMoves() throws Exception {
        String script = """
                for argument; do case "$argument" in platform=linux/arm64)
                for i in 1 2 3 4 5 6 7 8; do
                echo '{"logs":[{"vertex":"sha256:1","data":"bGlua2luZwo="}]}' >&2; sleep 0.2; done
                touch %1$s;; esac; done
                while [ ! -e %1$s ]; do sleep 0.05; done
                """.formatted(folder.resolve("done")) + PUSH;

        BuildResult result =
                run(script, Requests.inline(Map.of()).others("linux/arm64").stallTimeoutSeconds(1));

        assertThat(result).isInstanceOf(Succeeded.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "echo 'error: failed to solve: unsupported request frontend.convertllb' >&2; exit 1",
                "echo result.json; echo '{\"def\":{}}'",
                "echo version; echo 0.1.0",
                "echo result.json; echo '{\"def\":{\"sha256:1\":{\"exec\":{}}}}'",
                "echo result.json; echo 'half a {'"
            })
    void frontendThatDoesNotAnswerFailsNoBuild(String answer) throws Exception {
        String script =
                "for argument; do case \"$argument\" in requestid=*)\n" + answer + "; exit;; esac; done\n" + PUSH;

        BuildResult result =
                run(script, Requests.inline(Map.of()).askAbout("linux/amd64", "linux/arm64", "linux/s390x"));

        assertThat(result)
                .isInstanceOfSatisfying(
                        Succeeded.class,
                        succeeded -> assertThat(succeeded.crossCompiling())
                                .extracting(BuildResult.CrossCompiling::answer)
                                .isEqualTo(BuildResult.CrossCompiling.Answer.Unknown));
        assertThat(text()).contains("cross-compiling: Unknown: ");
    }

    @ParameterizedTest
    @CsvSource({"0, BuildFailed, not for want of memory", "2, OutOfMemory, the kernel killed 2"})
    void stepThatWasKilledIsJudgedByWhatTheKernelDid(int oomKills, FailureReason reason, String message)
            throws Exception {
        String log = Files.readString(Golden.path("corpus/run-killed-137.log"));
        Files.writeString(folder.resolve("recorded"), log.substring(log.indexOf('\n') + 1));

        BuildResult result;
        try (PlayedLauncher _ = PlayedLauncher.at(folder.resolve("evidence.sock"), "{\"oomKills\":" + oomKills + "}")) {
            result = run("cat " + folder + "/recorded >&2; exit 1", Requests.inline(Map.of()));
        }

        assertFailed(result, reason);
        assertThat(((Failed) result).message()).contains(message);
    }

    @Test
    void clientThatIgnoresTheRequestToStopIsKilled() throws Exception {
        BuildResult result = run(
                "trap '' TERM; while :; do sleep 1; done",
                Requests.inline(Map.of()).timeoutSeconds(1));

        assertFailed(result, FailureReason.DeadlineExceeded);
    }

    @Test
    void workerThatIsToldToStopStopsTheClient() throws Exception {
        Path started = folder.resolve("started");
        Thread stop = Thread.ofVirtual().start(() -> {
            while (!Files.exists(started)) {
                Thread.onSpinWait();
            }
            cancellation.request();
        });

        BuildResult result = run("touch " + started + "; exec sleep 600", Requests.inline(Map.of()));

        stop.join();
        assertFailed(result, FailureReason.Cancelled);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "failed to read dockerfile: unexpected query \"fetch-by-commit\"",
                "failed to read dockerfile: failed to checkout remote: git stderr: fatal: reference is not a tree: 01c6"
            })
    void commitIsFetchedWithItsHistoryWhereItCannotBeFetchedAlone(String error) throws Exception {
        String script = "for argument; do case \"$argument\" in context=*fetch-by-commit*)"
                + " echo 'error: failed to solve: " + error + "' >&2; exit 1;; esac; done\n" + PUSH;

        BuildResult result = run(script, Requests.git("https://git.example.com/a", Requests.COMMIT, null));

        assertThat(result).isInstanceOf(Succeeded.class);
        assertThat(text()).contains("with its history");
    }

    @Test
    void malformedRequestIsReported() {
        WorkerSettings settings = TestSettings.in(folder, folder.resolve("buildctl"));
        RequestSource source = new EnvironmentRequestSource(Map.of("KILN_BUILD_REQUEST", "{\"platform\":7"));

        BuildResult result = new Worker(
                        settings,
                        source,
                        out(),
                        Clock.systemUTC(),
                        cancellation,
                        Clock.systemUTC().instant())
                .run();

        assertFailed(result, FailureReason.InvalidSpec);
    }

    @Test
    void incompleteRequestIsReported() {
        WorkerSettings settings = TestSettings.in(folder, folder.resolve("buildctl"));
        RequestSource source =
                new EnvironmentRequestSource(Map.of("KILN_BUILD_REQUEST", "{\"timeoutSeconds\":1,\"emulated\":false}"));

        BuildResult result = new Worker(
                        settings,
                        source,
                        out(),
                        Clock.systemUTC(),
                        cancellation,
                        Clock.systemUTC().instant())
                .run();

        assertFailed(result, FailureReason.InvalidSpec);
    }

    private static String onExport(String export) {
        return "for argument; do case \"$argument\" in --export-cache)\n" + export + "\nexit 0;; esac; done\n" + PUSH;
    }

    private BuildResult run(String script, Requests requests) throws Exception {
        return worker(TestSettings.in(folder, TestSettings.script(folder, script)), requests)
                .run();
    }

    private Worker worker(WorkerSettings settings, Requests requests) {
        Clock clock = Clock.systemUTC();
        return new Worker(settings, requests::request, out(), clock, cancellation, clock.instant());
    }

    private PrintStream out() {
        return new PrintStream(shown, true, StandardCharsets.UTF_8);
    }

    private String text() {
        return shown.toString(StandardCharsets.UTF_8);
    }

    private static void assertFailed(BuildResult result, FailureReason reason) {
        assertThat(result)
                .isInstanceOfSatisfying(
                        Failed.class,
                        failed ->
                                assertThat(failed.reason()).as(failed.message()).isEqualTo(reason));
    }
}
