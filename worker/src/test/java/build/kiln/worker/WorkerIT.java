package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.protocol.BuildRequest.Cache;
import build.kiln.protocol.BuildRequest.CacheMode;
import build.kiln.protocol.BuildRequest.Output;
import build.kiln.protocol.BuildRequest.Provenance;
import build.kiln.protocol.BuildRequest.Registry;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.ExportResult;
import build.kiln.protocol.BuildResult.Failed;
import build.kiln.protocol.BuildResult.ImportResult;
import build.kiln.protocol.BuildResult.Steps;
import build.kiln.protocol.BuildResult.Succeeded;
import build.kiln.protocol.FailureReason;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The worker against a real daemon and a real registry; needs root, as the daemon does without a pod around it. */
@Timeout(120)
class WorkerIT {
    private static final Map<String, String> FILES =
            Map.of("Dockerfile", "FROM scratch\nWORKDIR /app\nCOPY conf/a /app/a\n", "conf/a", "content");

    @TempDir
    static Path folder;

    private static BuildKitProcesses processes;

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

    @BeforeAll
    @Timeout(1_800)
    static void start() throws Exception {
        processes = BuildKitProcesses.start(folder);
    }

    @AfterAll
    static void stop() throws Exception {
        processes.stop();
    }

    @Test
    void imageIsPushedByDigestWithItsAnnotationsAndTheSecondTimeFromTheCache() throws Exception {
        Output output = new Output(
                repository("app"),
                Map.of("org.opencontainers.image.description", "a, \"b\"\nc"),
                Provenance.Disabled,
                "Commit");

        Succeeded first = (Succeeded) build(Requests.inline(FILES).output(output));
        Succeeded second = (Succeeded) build(Requests.inline(FILES).output(output));

        assertThat(first.pushed().mediaType()).isEqualTo("application/vnd.oci.image.manifest.v1+json");
        assertThat(first.steps().total()).isEqualTo(2);
        assertThat(second.steps()).isEqualTo(new Steps(2, 2));
        assertThat(second.pushed()).isEqualTo(first.pushed());
        JsonNode manifest = get("app", "manifests", first.pushed().digest());
        assertThat(manifest.at("/annotations/org.opencontainers.image.description")
                        .asText())
                .isEqualTo("a, \"b\"\nc");
        JsonNode config = get("app", "blobs", manifest.at("/config/digest").asText());
        assertThat(config.path("created").asText()).isEqualTo("1970-01-01T00:00:00Z");
        assertThat(config.path("architecture").asText()).isEqualTo("arm64");
    }

    @Test
    void provenanceComesAsAnAttestationNextToTheImage() throws Exception {
        Succeeded result = (Succeeded) build(
                Requests.inline(FILES).output(new Output(repository("attested"), Map.of(), Provenance.Max, null)));

        JsonNode index = get("attested", "manifests", result.pushed().digest());
        assertThat(result.pushed().mediaType()).isEqualTo("application/vnd.oci.image.index.v1+json");
        assertThat(index.path("manifests")).hasSize(2);
        assertThat(index.at("/manifests/1/annotations/vnd.docker.reference.type")
                        .asText())
                .isEqualTo("attestation-manifest");
    }

    @Test
    void missingFileIsNamedWithItsInstructionAndLine() throws Exception {
        BuildResult result = build(Requests.inline(Map.of("Dockerfile", "FROM scratch\nCOPY nothing /\n"))
                .repository(repository("missing")));

        assertThat(result).isInstanceOfSatisfying(Failed.class, failed -> {
            assertThat(failed.reason()).isEqualTo(FailureReason.BuildFailed);
            assertThat(failed.location()).isEqualTo("Dockerfile:2");
            assertThat(failed.step()).isEqualTo("COPY nothing /");
            assertThat(failed.message()).contains("\"/nothing\": not found");
        });
    }

    @Test
    void stepThatHangsIsStoppedAndNamed() throws Exception {
        BuildResult result = build(
                Requests.inline(Map.of("Dockerfile", "FROM scratch\nADD http://" + processes.silence() + "/never /\n"))
                        .repository(repository("stalled"))
                        .stallTimeoutSeconds(3));

        assertThat(result).isInstanceOfSatisfying(Failed.class, failed -> {
            assertThat(failed.reason()).isEqualTo(FailureReason.BuildStalled);
            assertThat(failed.message()).contains("no progress for 3 s", processes.silence());
        });
    }

    @Test
    void baseImageOfARegistryThatIsDownIsNotTheUsersFault() throws Exception {
        BuildResult result = build(Requests.inline(Map.of("Dockerfile", "FROM 127.0.0.1:1/base\nCOPY . /\n"))
                .repository(repository("down")));

        assertThat(result)
                .isInstanceOfSatisfying(
                        Failed.class,
                        failed ->
                                assertThat(failed.reason()).as(failed.message()).isEqualTo(FailureReason.PullFailed));
    }

    @Test
    void registryThatIsNotThereIsAFailureOfThePush() throws Exception {
        BuildResult result = build(Requests.inline(FILES).repository("127.0.0.1:1/app"));

        assertThat(result)
                .isInstanceOfSatisfying(
                        Failed.class, failed -> assertThat(failed.reason()).isEqualTo(FailureReason.PushFailed));
    }

    /** Even those that the second build needed no more than their cache. */
    @Test
    void cacheKeepsTheStepsThatLaterBuildsTakeFromIt() throws Exception {
        String image = repository("kept");
        Cache cache = new Cache(List.of(image + ":cache"), image + ":cache", CacheMode.Max, null, 60);
        String dockerfile = """
                FROM scratch AS build
                COPY first /first
                COPY second /second
                FROM scratch
                COPY --from=build /second /second
                COPY last /last
                """;

        for (String last : List.of("one", "two", "three")) {
            processes.forgetEverything();
            Map<String, String> files = Map.of("Dockerfile", dockerfile, "first", "1", "second", "2", "last", last);
            Succeeded result =
                    (Succeeded) build(Requests.inline(files).cache(cache).repository(image));

            assertThat(result.steps()).as("steps with " + last).isEqualTo(new Steps(4, last.equals("one") ? 0 : 3));
            assertThat(Objects.requireNonNull(result.cache())).satisfies(use -> {
                assertThat(use.importResult())
                        .isEqualTo(last.equals("one") ? ImportResult.Missing : ImportResult.Imported);
                assertThat(use.exportResult()).isEqualTo(ExportResult.Exported);
                assertThat(use.missedStep()).isEqualTo(last.equals("one") ? "COPY first /first" : "COPY last /last");
                assertThat(use.problem()).isNull();
            });
        }
    }

    @Test
    void cacheThatTheRegistryHasLostLayersOfFailsNoBuildAndIsReplaced() throws Exception {
        String image = repository("lost");
        Cache cache = new Cache(List.of(image + ":cache"), image + ":cache", CacheMode.Max, null, 60);
        Map<String, String> files = Map.of(
                "Dockerfile",
                "FROM scratch\nCOPY lost /lost\nCOPY last /last\n",
                "lost",
                "content of a layer that is in no other image",
                "last",
                "1");
        build(Requests.inline(files).cache(cache).repository(image));
        JsonNode manifest = get("lost", "manifests", "cache");
        processes.forgetEverything();
        for (JsonNode layer : manifest.path("layers")) {
            processes.loseBlob(layer.path("digest").asText());
        }

        BuildResult without = build(Requests.inline(files).cache(cache).repository(image));
        processes.forgetEverything();
        Succeeded replaced =
                (Succeeded) build(Requests.inline(files).cache(cache).repository(image));

        assertThat(without)
                .as(shown.toString(StandardCharsets.UTF_8))
                .isInstanceOfSatisfying(
                        Succeeded.class,
                        succeeded -> assertThat(Objects.requireNonNull(succeeded.cache())
                                        .importResult())
                                .isEqualTo(ImportResult.Broken));
        assertThat(replaced.steps()).isEqualTo(new Steps(2, 2));
    }

    @Test
    void cacheThatCannotBeWrittenInTimeFailsNoBuild() {
        String silent = processes.silence() + "/cache:never";
        Cache cache = new Cache(List.of(), silent, CacheMode.Max, null, 1);

        BuildResult result = build(Requests.inline(FILES).cache(cache).repository(repository("silent")));

        assertThat(result)
                .isInstanceOfSatisfying(
                        Succeeded.class,
                        succeeded -> assertThat(Objects.requireNonNull(succeeded.cache())
                                        .exportResult())
                                .isEqualTo(ExportResult.TimedOut));
        assertThat(shown.toString(StandardCharsets.UTF_8))
                .contains("WARNING: the cache was not written to " + silent + ": it took longer than");
    }

    private static String repository(String name) {
        return processes.registry() + "/" + name;
    }

    private BuildResult build(Requests requests) {
        Clock clock = Clock.systemUTC();
        WorkerSettings settings =
                TestSettings.in(folder, processes.buildctl(), processes.address(), Duration.ofSeconds(60));
        Requests insecure = requests.platform("linux/arm64")
                .more(
                        Map.of(),
                        Map.of(),
                        requests.request().cache(),
                        List.of(),
                        List.of(new Registry(processes.registry(), true, null)));
        PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);
        return new Worker(settings, insecure::request, out, clock, new Cancellation(), clock.instant()).run();
    }

    private static JsonNode get(String name, String kind, String digest) throws Exception {
        URI address = URI.create("http://" + processes.registry() + "/v2/" + name + "/" + kind + "/" + digest);
        URLConnection request = address.toURL().openConnection();
        request.setRequestProperty(
                "Accept", "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, */*");
        try (InputStream body = request.getInputStream()) {
            return Json.MAPPER.readTree(body);
        }
    }
}
