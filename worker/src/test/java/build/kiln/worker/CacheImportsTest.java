package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.protocol.BuildResult.ImportResult;
import build.kiln.protocol.BuildResult.Steps;
import build.kiln.worker.SolveStatus.Vertex;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CacheImportsTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final String OWN = "registry.example.com/app:buildcache-pr-linux-arm64";
    private static final String OTHER = "registry.example.com/app:buildcache-main-linux-arm64";
    private static final String MISSING =
            "failed to configure registry cache importer: registry.example.com/a: not found";
    private static final String REFUSED =
            "failed to configure registry cache importer: pull access denied, insufficient_scope: authorization failed";
    private static final String BROKEN = "httpReadSeeker: failed open: could not fetch content descriptor sha256:0"
            + " (application/vnd.buildkit.cacheconfig.v0) from remote: not found";

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "'', missing, Imported, -",
                "missing, '', OtherImported, -",
                "missing, missing, Missing, -",
                "refused, missing, Failed, refused",
                "missing, refused, Failed, refused",
                "broken, missing, Broken, broken",
                "refused, '', OtherImported, refused",
                "-, -, -, -"
            })
    void eachReferenceCountsAsTheRegistryAnsweredIt(
            @Nullable String own, @Nullable String other, @Nullable ImportResult result, @Nullable String problem) {
        BuildGraph graph = new BuildGraph();
        imported(graph, OTHER, other);
        imported(graph, OWN, own);

        assertThat(CacheImports.of(graph, List.of(OWN, OTHER), Set.of(), List.of()))
                .isEqualTo(new CacheImports(result, problem == null ? null : error(problem)));
    }

    @Test
    void recordedBuildsTellHowTheirImportsEnded() throws Exception {
        List<String> references = List.of("registry.example.com/test/app:c");

        assertThat(CacheImports.of(graph("imported-cache"), references, Set.of(), List.of())
                        .result())
                .isEqualTo(ImportResult.Imported);
        assertThat(CacheImports.of(graph("cache-without-config"), references, Set.of(), List.of())
                        .result())
                .isEqualTo(ImportResult.Broken);
    }

    @Test
    void recordedBuildTellsWhatItTookFromTheCache() throws Exception {
        BuildGraph graph = graph("imported-cache");

        assertThat(graph.steps()).isEqualTo(new Steps(6, 4));
        assertThat(graph.firstExecuted().orElseThrow().name()).isEqualTo("[stage-2 2/3] COPY in.txt /in.txt");
        // The two layers of the one step that another one needed; 104 bytes are an empty folder's.
        assertThat(graph.pulled().values().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(1_064_334 + 104);
        assertThat(graph.importTime()).isBetween(Duration.ofMillis(50), Duration.ofMillis(250));
    }

    @Test
    void buildWithoutCacheTookNothingFromIt() throws Exception {
        BuildGraph graph = graph("cross-and-odd-output");

        assertThat(graph.importTime()).isZero();
        assertThat(graph.firstExecuted().orElseThrow().step().orElseThrow().instruction())
                .startsWith("RUN ");
        assertThat(graph("cross-cached").firstExecuted()).isEmpty();
    }

    private static BuildGraph graph(String recording) throws Exception {
        return RecordedBuild.read("progress/" + recording + ".log").graph();
    }

    private static void imported(BuildGraph graph, String reference, @Nullable String error) {
        if (error != null) {
            graph.update(new Vertex(
                    "sha256:" + reference.hashCode(),
                    List.of(),
                    "importing cache manifest from " + reference,
                    START,
                    START.plusSeconds(1),
                    false,
                    error(error)));
        }
    }

    private static String error(String name) {
        return switch (name) {
            case "missing" -> MISSING;
            case "refused" -> REFUSED;
            case "broken" -> BROKEN;
            default -> name;
        };
    }
}
