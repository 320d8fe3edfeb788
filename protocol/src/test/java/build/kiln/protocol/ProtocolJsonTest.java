package build.kiln.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.protocol.BuildResult.Failed;
import build.kiln.protocol.BuildResult.Pushed;
import build.kiln.protocol.BuildResult.Steps;
import build.kiln.protocol.BuildResult.Succeeded;
import build.kiln.protocol.BuildResult.Timings;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProtocolJsonTest {
    private static final String DIGEST = "sha256:" + "a".repeat(64);
    private static final Timings TIMINGS = new Timings(1, 2L, 3L);

    @Test
    void requestSurvivesTheRoundTrip() throws Exception {
        BuildRequest request = new BuildRequest(
                "linux/arm64",
                new BuildRequest.Source(
                        new BuildRequest.Git("https://git.example.com/a.git", "4f2c".repeat(10), "sub"), null),
                new BuildRequest.Dockerfile("Dockerfile", null),
                "runtime",
                Map.of("VERSION", "1"),
                Map.of(),
                new BuildRequest.Output("r.example.com/a", Map.of(), BuildRequest.Provenance.Min, "Commit"),
                new BuildRequest.Cache(
                        List.of("r.example.com/a:c"),
                        "r.example.com/a:c",
                        BuildRequest.CacheMode.Max,
                        new BuildRequest.Compression("zstd", 3),
                        300,
                        List.of(new CacheBackend.S3(
                                0, List.of("r.example.com/a:c"), true, "b", "r", null, "kiln/", false))),
                List.of("npmrc"),
                List.of(new BuildRequest.Registry("r.example.com", false, "PEM")),
                3600,
                900L,
                true,
                List.of(new BuildRequest.OtherPlatform("linux/amd64", null, false)),
                List.of("linux/amd64", "linux/arm64"));

        assertThat(ProtocolJson.readRequest(ProtocolJson.write(request))).isEqualTo(request);
    }

    @Test
    void longLogIsCutFromTheFrontAndTheReasonStays() throws Exception {
        String log = "ignored\n".repeat(5_000) + "🚀 the last line";
        Failed failed = BuildResultFailedBuilder.builder()
                .platform("linux/arm64")
                .reason(FailureReason.BuildFailed)
                .message("m")
                .step("RUN make")
                .location("Dockerfile:12")
                .exitCode(7)
                .logTail(log)
                .steps(Steps.NONE)
                .timings(TIMINGS)
                .registrySecret(3)
                .build();

        String json = ProtocolJson.write(failed);

        assertThat(json.getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(BuildResult.MAX_BYTES);
        assertThat(ProtocolJson.readResult(json)).isInstanceOfSatisfying(Failed.class, read -> {
            assertThat(read.exitCode()).isEqualTo(7);
            assertThat(read.registrySecret()).isEqualTo(3);
            assertThat(read.logTail()).endsWith("🚀 the last line").hasSizeGreaterThan(1_000);
        });
    }

    @Test
    void hugeMessageAndStepAreCutToo() throws Exception {
        Failed failed = BuildResultFailedBuilder.builder()
                .platform("linux/arm64")
                .reason(FailureReason.InvalidDockerfile)
                .message("\uD83D\uDE80".repeat(9_000))
                .step("RUN " + "x".repeat(9_000))
                .steps(Steps.NONE)
                .timings(TIMINGS)
                .build();

        String json = ProtocolJson.write(failed);

        assertThat(json.getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(BuildResult.MAX_BYTES);
        assertThat(ProtocolJson.readResult(json)).isInstanceOf(Failed.class);
    }

    @Test
    void baseImagesAreCutBeforeTheDigest() throws Exception {
        Succeeded succeeded = new Succeeded(
                "linux/amd64",
                new Pushed("application/vnd.oci.image.manifest.v1+json", DIGEST, 500),
                new Steps(3, 1),
                TIMINGS,
                Collections.nCopies(500, "docker.io/library/debian@" + DIGEST));

        assertThat(ProtocolJson.readResult(ProtocolJson.write(succeeded)))
                .isInstanceOfSatisfying(Succeeded.class, read -> {
                    assertThat(read.pushed().digest()).isEqualTo(DIGEST);
                    assertThat(read.baseImages()).isNotEmpty();
                });
    }

    @Test
    void compilersWithoutATwinAreCutBeforeAnythingElse() throws Exception {
        var acceleration = new BuildResult.Acceleration(
                7, 5, Collections.nCopies(60, new BuildResult.Unmatched("/usr/bin/" + "x".repeat(100), DIGEST, 3)));
        Succeeded succeeded = new Succeeded(
                "linux/arm64",
                new Pushed("application/vnd.oci.image.manifest.v1+json", DIGEST, 500),
                new Steps(3, 1),
                TIMINGS,
                Collections.nCopies(10, "docker.io/library/debian@" + DIGEST),
                acceleration,
                new BuildResult.CacheVolume(BuildResult.VolumeState.Reused, null),
                null,
                null,
                List.of(),
                null);

        assertThat(ProtocolJson.readResult(ProtocolJson.write(succeeded)))
                .isInstanceOfSatisfying(Succeeded.class, read -> {
                    assertThat(read.baseImages()).hasSize(10);
                    var starts = Objects.requireNonNull(read.acceleration());
                    assertThat(starts.nativeStarts()).isEqualTo(7);
                    assertThat(starts.emulatedStarts()).isEqualTo(5);
                    assertThat(starts.unmatched()).hasSizeBetween(1, 59);
                });
    }

    /** Two platforms too many for everything, and as many as the API takes, with names as long as it takes. */
    @ParameterizedTest
    @ValueSource(ints = {7, 20})
    void everyPlatformsDigestFitsHoweverManyThereAre(int platforms) throws Exception {
        var cache = new BuildResult.CacheUse(
                BuildResult.ImportResult.OtherImported,
                BuildResult.ExportResult.Exported,
                "p".repeat(300),
                "s".repeat(120),
                86_400_000,
                86_400_000L);
        List<BuildResult.OtherPlatform> others = IntStream.range(1, platforms)
                .mapToObj(i -> new BuildResult.OtherPlatform(
                        "linux/ppc64le/v12345." + i, DIGEST, 4_194_304, 1_000, 1_000, cache))
                .toList();
        Succeeded succeeded = new Succeeded(
                "linux/ppc64le/v12345.0",
                new Pushed("application/vnd.docker.distribution.manifest.list.v2+json", DIGEST, 4_194_304),
                new Steps(1_000, 1_000),
                new Timings(1_800_000_000_000L, 1_800_000_000_000L, 1_800_000_000_000L),
                Collections.nCopies(200, "docker.io/library/debian@" + DIGEST),
                new BuildResult.Acceleration(
                        1_000_000_000_000L,
                        1_000_000_000_000L,
                        Collections.nCopies(8, new BuildResult.Unmatched("/usr/bin/" + "x".repeat(100), DIGEST, 3))),
                new BuildResult.CacheVolume(BuildResult.VolumeState.Emptied, "r".repeat(100)),
                cache,
                new BuildResult.Traffic(1_000_000_000_000L, 1_000_000_000_000L),
                others,
                new BuildResult.CrossCompiling(BuildResult.CrossCompiling.Answer.No, "d".repeat(120)));

        String json = ProtocolJson.write(succeeded);

        assertThat(json.getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(BuildResult.MAX_BYTES);
        assertThat(ProtocolJson.readResult(json))
                .isInstanceOfSatisfying(
                        Succeeded.class,
                        read -> assertThat(read.others())
                                .hasSize(platforms - 1)
                                .allSatisfy(other -> assertThat(other.digest()).isEqualTo(DIGEST)));
    }

    @Test
    void requestOfAnOperatorThatKnowsOnePlatformPerPodIsRead() throws Exception {
        BuildRequest read =
                ProtocolJson.readRequest("{\"platform\":\"linux/arm64\",\"timeoutSeconds\":1,\"emulated\":false}");

        assertThat(read.platforms()).containsExactly("linux/arm64");
        assertThat(read.askAbout()).isEmpty();
    }

    @Test
    void fieldsOfANewerWorkerAreIgnored() throws Exception {
        String json = """
                {"result":"succeeded","platform":"linux/amd64","novelty":[1],
                 "pushed":{"mediaType":"m","digest":"%s","size":1,"annotations":{}},
                 "steps":{"total":1,"cached":0},"timings":{"started":1}}""".formatted(DIGEST);

        assertThat(ProtocolJson.readResult(json)).isInstanceOf(Succeeded.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", " ", "null", "Killed", "{}", "{\"result\":\"other\"}", "[1]", "{\"result\":\"succeeded\""})
    void whatIsNotAResultIsRefused(String message) {
        assertThatThrownBy(() -> ProtocolJson.readResult(message)).isInstanceOf(MalformedDocumentException.class);
    }
}
