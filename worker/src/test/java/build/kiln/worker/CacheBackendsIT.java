package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.protocol.BuildRequest.Cache;
import build.kiln.protocol.BuildRequest.CacheMode;
import build.kiln.protocol.BuildRequest.Registry;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.CacheUse;
import build.kiln.protocol.BuildResult.ExportResult;
import build.kiln.protocol.BuildResult.ImportResult;
import build.kiln.protocol.BuildResult.Steps;
import build.kiln.protocol.BuildResult.Succeeded;
import build.kiln.protocol.CacheBackend;
import build.kiln.protocol.CacheBackend.Azblob;
import build.kiln.protocol.CacheBackend.Inline;
import build.kiln.protocol.CacheBackend.Local;
import build.kiln.protocol.CacheBackend.S3;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** Caches beside the registry: the worker against a real daemon, a real registry and a real server of each backend there is one for. */
@Timeout(120)
class CacheBackendsIT {
    private static final Map<String, String> FILES =
            Map.of("Dockerfile", "FROM scratch\nWORKDIR /app\nCOPY a /app/a\n", "a", "content");

    @TempDir
    static Path folder;

    private static BuildKitProcesses processes;
    private static S3Server s3;

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

    @BeforeAll
    @Timeout(1_800)
    static void start() throws Exception {
        processes = BuildKitProcesses.start(folder);
        s3 = S3Server.start(processes.tools(), folder);
        assertThat(new Daemon(settings(), Clock.systemUTC())
                        .awaitReady(Instant.now().plusSeconds(60), new Cancellation()))
                .as("the daemon answers in time")
                .isTrue();
    }

    @AfterAll
    static void stop() throws Exception {
        s3.stop();
        processes.stop();
    }

    @BeforeEach
    void forget() throws Exception {
        processes.forgetEverything();
    }

    @Test
    void freshDaemonTakesEverythingFromTheBucket() throws Exception {
        credentials(0, S3Server.KEY_ID, S3Server.KEY);
        Cache cache = cache(s3("fresh", true));

        Succeeded first = build("fresh", FILES, cache);
        processes.forgetEverything();
        Succeeded second = build("fresh", FILES, cache);

        assertThat(first.steps()).isEqualTo(new Steps(2, 0));
        assertThat(use(first).importResult()).isEqualTo(ImportResult.Missing);
        assertThat(use(first).exportResult()).isEqualTo(ExportResult.Exported);
        assertThat(second.steps()).as(shown()).isEqualTo(new Steps(2, 2));
        assertThat(use(second).importResult()).isEqualTo(ImportResult.Imported);
        assertThat(use(second).missedStep()).isNull();
        assertThat(s3.keys("fresh/manifests")).containsExactly("fresh/manifests/" + name("fresh"));
        assertThat(shown())
                .contains("cache written to s3 bucket build-cache in ")
                .doesNotContain(S3Server.KEY);
    }

    @Test
    void platformsAndScopesDoNotShareAName() throws Exception {
        credentials(0, S3Server.KEY_ID, S3Server.KEY);
        build("main", FILES, cache(s3("scopes", true, name("main"))));
        processes.forgetEverything();
        Succeeded other = build("main", FILES, cache(s3("scopes", true, name("feature"), name("main"))));
        processes.forgetEverything();
        Succeeded own = build("main", FILES, cache(s3("scopes", false, name("feature"), name("main"))));

        assertThat(other.steps()).isEqualTo(new Steps(2, 2));
        assertThat(use(other).importResult()).isEqualTo(ImportResult.OtherImported);
        assertThat(use(own).importResult()).isEqualTo(ImportResult.Imported);
        assertThat(use(own).exportResult()).isNull();
        assertThat(s3.keys("scopes/manifests")).hasSize(2);
    }

    @Test
    void wrongKeyFailsNoBuildAndIsNeverShown() throws Exception {
        credentials(0, S3Server.KEY_ID, "another-secret");

        Succeeded result = build("wrong", FILES, cache(s3("wrong", true)));

        assertThat(use(result).importResult()).isEqualTo(ImportResult.Failed);
        assertThat(use(result).exportResult()).isEqualTo(ExportResult.Failed);
        assertThat(use(result).problem())
                .startsWith("s3 bucket build-cache: HTTP 403 SignatureDoesNotMatch: ")
                .doesNotContain(S3Server.KEY_ID, "another-secret");
        assertThat(shown())
                .contains("WARNING: the cache was not written to s3 bucket build-cache: ")
                .doesNotContain(S3Server.KEY_ID, "another-secret");
        assertThat(s3.keys("wrong")).isEmpty();
    }

    @Test
    void backendThatFailsDoesNotStopTheNext() throws Exception {
        credentials(0, S3Server.KEY_ID, "another-secret");
        credentials(1, S3Server.KEY_ID, S3Server.KEY);
        S3 bad = s3("first", true);
        S3 good = new S3(1, bad.names(), true, bad.bucket(), bad.region(), bad.endpoint(), "second/", true);

        Succeeded result = build("both", FILES, cache(bad, good));

        assertThat(use(result).exportResult()).isEqualTo(ExportResult.Partly);
        assertThat(s3.keys("second/manifests")).hasSize(1);
    }

    @Test
    void cacheThatTheBucketHasLostBlobsOfFailsNoBuild() throws Exception {
        credentials(0, S3Server.KEY_ID, S3Server.KEY);
        Map<String, String> files =
                Map.of("Dockerfile", "FROM scratch\nCOPY a /a\nCOPY b /b\n", "a", "in no other image", "b", "1");
        build("lost", files, cache(s3("lost", true)));
        processes.forgetEverything();
        for (String key : s3.keys("lost/blobs")) {
            s3.lose(key);
        }

        Map<String, String> changed =
                Map.of("Dockerfile", files.get("Dockerfile") + "COPY b /c\n", "a", "in no other image", "b", "1");
        Succeeded without = build("lost-again", changed, cache(s3("lost", true)));

        assertThat(use(without).importResult()).as(shown()).isEqualTo(ImportResult.Broken);
        assertThat(use(without).problem()).startsWith("s3 bucket build-cache: HTTP 404 NoSuchKey");
        assertThat(without.steps().cached()).isZero();
    }

    @Test
    void nothingThatTheDaemonKeepsHoldsTheCredentials() throws Exception {
        credentials(0, S3Server.KEY_ID, S3Server.KEY);
        build("kept", FILES, cache(s3("kept", true)));

        boolean keepsOptions = false;
        try (Stream<Path> files = Files.walk(folder.resolve("buildkit"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String content = Files.readString(file, StandardCharsets.ISO_8859_1);
                keepsOptions |= content.contains("secret_access_key");
                assertThat(content.contains(S3Server.KEY_ID) || content.contains(S3Server.KEY))
                        .as("%s holds the credentials", file)
                        .isFalse();
            }
        }
        assertThat(keepsOptions)
                .as("the daemon keeps the options of caches, or this test looks in the wrong place")
                .isTrue();
        assertThat(Files.readString(folder.resolve("buildkitd.log"))).doesNotContain(S3Server.KEY_ID, S3Server.KEY);
    }

    /** Against an emulator such as Azurite, at the address of an account of that name and with its well-known key. */
    @Test
    @EnabledIfEnvironmentVariable(named = "KILN_AZURITE", matches = "http.*")
    void freshDaemonTakesEverythingFromTheContainer() throws Exception {
        Path secret = Files.createDirectories(folder.resolve("cache/0"));
        Files.writeString(
                secret.resolve(Azblob.ACCOUNT_KEY),
                "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==\n");
        String address = System.getenv("KILN_AZURITE");
        String container = "kiln-" + System.nanoTime();
        Cache cache = cache(
                new Azblob(0, List.of(name("azure")), true, address, "devstoreaccount1", container, "some/folder"));

        Succeeded first = build("azure", FILES, cache);
        processes.forgetEverything();
        Succeeded second = build("azure", FILES, cache);

        assertThat(use(first).importResult()).as(shown()).isEqualTo(ImportResult.Missing);
        assertThat(use(first).exportResult()).as(shown()).isEqualTo(ExportResult.Exported);
        assertThat(second.steps()).as(shown()).isEqualTo(new Steps(2, 2));
        assertThat(use(second).importResult()).isEqualTo(ImportResult.Imported);

        Files.writeString(secret.resolve(Azblob.ACCOUNT_KEY), "d3Jvbmc=");
        Succeeded refused = build("azure", FILES, cache);
        assertThat(use(refused).importResult()).isEqualTo(ImportResult.Failed);
        assertThat(use(refused).problem()).startsWith("azblob container " + container + ": HTTP 403");
        assertThat(shown()).doesNotContain("d3Jvbmc=");
    }

    @Test
    void freshDaemonTakesTheFinalStageFromTheImageItself() throws Exception {
        Cache cache = cache(new Inline(0, List.of(processes.registry() + "/inline:latest"), true));

        Succeeded first = build("inline", FILES, cache);
        processes.tag("inline", first.pushed().digest(), "latest");
        processes.forgetEverything();
        Succeeded second = build("inline", FILES, cache);

        assertThat(use(first).importResult()).isEqualTo(ImportResult.Missing);
        assertThat(use(first).exportResult()).isEqualTo(ExportResult.Exported);
        assertThat(second.steps()).as(shown()).isEqualTo(new Steps(2, 2));
        assertThat(use(second).importResult()).isEqualTo(ImportResult.Imported);
    }

    @Test
    void freshDaemonTakesEverythingFromTheFolder() throws Exception {
        Cache cache = cache(new Local(0, List.of("feature", "main"), true));

        Succeeded first = build("local", FILES, cache);
        processes.forgetEverything();
        Succeeded second = build("local", FILES, cache);
        long before = sizeOfLocal();
        build("local", Map.of("Dockerfile", FILES.get("Dockerfile"), "a", "another"), cache);

        assertThat(use(first).importResult()).isEqualTo(ImportResult.Missing);
        assertThat(second.steps()).as(shown()).isEqualTo(new Steps(2, 2));
        assertThat(use(second).importResult()).isEqualTo(ImportResult.Imported);
        assertThat(sizeOfLocal())
                .as("files in the folder after another cache has replaced the first")
                .isEqualTo(before);

        processes.forgetEverything();
        try (Stream<Path> blobs = Files.list(folder.resolve("local/blobs/sha256"))) {
            for (Path blob : blobs.filter(CacheBackendsIT::isLayer).toList()) {
                Files.delete(blob);
            }
        }
        build("local-again", Map.of("Dockerfile", FILES.get("Dockerfile") + "COPY a /b\n", "a", "another"), cache);
    }

    private static long sizeOfLocal() throws IOException {
        try (Stream<Path> blobs = Files.list(folder.resolve("local/blobs/sha256"))) {
            return blobs.count();
        }
    }

    /** The others are JSON. */
    private static boolean isLayer(Path blob) {
        try {
            return Files.readAllBytes(blob)[0] != '{';
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static S3 s3(String prefix, boolean export, String... names) {
        return new S3(
                0,
                names.length == 0 ? List.of(name(prefix)) : List.of(names),
                export,
                S3Server.BUCKET,
                S3Server.REGION,
                s3.endpoint(),
                prefix + "/",
                true);
    }

    private static String name(String scope) {
        return "registry.example.com/app:buildcache-" + scope + "-linux-arm64";
    }

    private static Cache cache(CacheBackend... backends) {
        return new Cache(List.of(), null, CacheMode.Max, null, 60, List.of(backends));
    }

    private static void credentials(int backend, String keyId, String key) throws IOException {
        Path secret = Files.createDirectories(folder.resolve("cache").resolve(Integer.toString(backend)));
        Files.writeString(secret.resolve(S3.ACCESS_KEY_ID), keyId + "\n");
        Files.writeString(secret.resolve(S3.SECRET_ACCESS_KEY), key + "\n");
    }

    private static WorkerSettings settings() {
        return TestSettings.in(folder, processes.buildctl(), processes.address(), Duration.ofSeconds(60));
    }

    private Succeeded build(String image, Map<String, String> files, Cache cache) {
        Clock clock = Clock.systemUTC();
        Requests requests = Requests.inline(files)
                .platform("linux/arm64")
                .repository(processes.registry() + "/" + image)
                .more(Map.of(), Map.of(), cache, List.of(), List.of(new Registry(processes.registry(), true, null)));
        PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);
        BuildResult result =
                new Worker(settings(), requests::request, out, clock, new Cancellation(), clock.instant()).run();
        assertThat(result).as(shown()).isInstanceOf(Succeeded.class);
        return (Succeeded) result;
    }

    private static CacheUse use(Succeeded result) {
        return Objects.requireNonNull(result.cache());
    }

    private String shown() {
        return shown.toString(StandardCharsets.UTF_8);
    }
}
