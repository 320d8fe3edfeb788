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
                true);

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
