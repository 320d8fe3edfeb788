package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.CacheUse.ColdReason;
import build.kiln.api.v1alpha1.Condition;
import build.kiln.operator.status.Transition;
import build.kiln.operator.status.Transitions;
import build.kiln.protocol.BuildResult.CacheUse;
import build.kiln.protocol.BuildResult.ExportResult;
import build.kiln.protocol.BuildResult.ImportResult;
import build.kiln.protocol.BuildResult.Steps;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ColdCacheTest {
    private static final String ARM64 = "linux/arm64";
    private static final String EDITED = Specs.INLINE.replace("scratch", "busybox");
    private static final String PULL_REQUEST = "cache: {scope: pr, importScopes: [main], export: false}\n";
    private static final Steps COLD = new Steps(8, 0);

    private final Scenario build = new Scenario(Specs.INLINE);

    @ParameterizedTest
    @CsvSource({"Missing", "Failed"})
    void firstBuildHasNoCacheToExpect(ImportResult result) {
        build(result, COLD);

        assertCold(null);
        assertThat(build.condition("CacheCold")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                // The registry's answer, steps from the cache, other inputs than before; the reason.
                "Missing, 0, false, Expired",
                "Missing, 0, true, Expired",
                "Broken, 0, false, Expired",
                "OtherImported, 0, false, Expired",
                "Failed, 0, false, ImportFailed",
                "Imported, 0, true, ChangedInput",
                "Imported, 0, false, Unknown",
                "Imported, 3, false, Unknown",
                "Imported, 3, true, -",
                "Imported, 4, false, -",
                "Imported, 8, false, -",
                "OtherImported, 8, false, -"
            })
    void buildAfterOneThatWroteTheCache(ImportResult result, int cached, boolean edited, @Nullable ColdReason reason) {
        build(ImportResult.Missing, COLD);
        if (edited) {
            build.edit(EDITED);
        } else {
            build.requestRebuild("again");
        }

        build(result, new Steps(8, cached));

        assertCold(reason);
    }

    @Test
    void conditionTellsWhatToDoAndIsGoneWithTheNextWarmBuild() {
        build(ImportResult.Missing, COLD);
        build.requestRebuild("again");
        build(ImportResult.Missing, COLD);

        Condition cold = build.condition("CacheCold").orElseThrow();
        assertThat(cold.status()).isEqualTo(Condition.Status.True);
        assertThat(cold.reason()).isEqualTo("Expired");
        assertThat(cold.message())
                .contains("linux/amd64 (0 of 8 steps), linux/arm64 (0 of 8 steps)")
                .contains("registry.example.com/shop/api:buildcache-default-linux-amd64");
        assertThat(build.condition("Ready").orElseThrow().status()).isEqualTo(Condition.Status.True);

        build.requestRebuild("once more");
        build(ImportResult.Imported, new Steps(8, 8));
        assertThat(build.condition("CacheCold")).isEmpty();
    }

    @Test
    void platformThatIsNewToTheCacheIsNamed() {
        build.edit(Specs.INLINE.replace("[linux/amd64, linux/arm64]", "[linux/amd64]"));
        build(ImportResult.Missing, COLD);
        build.edit(Specs.INLINE.replace("[linux/amd64, linux/arm64]", "[linux/arm64]"));

        build(ImportResult.Missing, COLD);

        assertCold(ColdReason.OtherPlatform);
    }

    @Test
    void otherPlacesHaveNoCacheToExpect() {
        build(ImportResult.Missing, COLD);
        build.edit(EDITED + "cache: {scope: other}\n");

        build(ImportResult.Missing, COLD);

        assertCold(null);
        assertThat(Objects.requireNonNull(build.status.cache()).reference())
                .isEqualTo("registry.example.com/shop/api:buildcache-other");
    }

    @Test
    void pullRequestsExpectTheCacheThatTheyImport() {
        build.edit(Specs.INLINE + PULL_REQUEST);
        build(ImportResult.Missing, COLD);
        assertCold(ColdReason.NoManifest);

        build.requestRebuild("again");
        build(ImportResult.OtherImported, new Steps(8, 7));
        assertCold(null);
    }

    @Test
    void cacheThatCouldNotBeWrittenIsMissedTheNextTime() {
        build.cacheUse = new CacheUse(ImportResult.Missing, ExportResult.Failed, "no room", null, 5, 90L);
        build.succeed();
        build.requestRebuild("again");

        build(ImportResult.Missing, COLD);

        assertCold(ColdReason.NoManifest);
    }

    @Test
    void runThatWroteACacheLastIsRemembered() {
        build(ImportResult.Missing, COLD);
        build.requestRebuild("again");
        build.steps = new Steps(8, 8);
        build.cacheUse = new CacheUse(ImportResult.Imported, ExportResult.TimedOut, null, null, 5, 90L);
        build.succeed();

        assertThat(Objects.requireNonNull(build.status.cache()).runs()).isEqualTo(Map.of("linux/amd64", 1, ARM64, 1));
    }

    @Test
    void eventIsWrittenOnceAndOnlyWarnsOfWhatIsOutOfTheOrdinary() {
        build(ImportResult.Missing, COLD);
        build.edit(EDITED);

        assertThat(eventOf(ImportResult.Imported).orElseThrow().kind()).isEqualTo(Transition.Kind.Normal);
        build.requestRebuild("again");
        assertThat(eventOf(ImportResult.Missing).orElseThrow().kind()).isEqualTo(Transition.Kind.Warning);
    }

    private Optional<Transition> eventOf(ImportResult result) {
        build.run();
        var before = build.status;
        build.steps = COLD;
        build.cacheUse = new CacheUse(result, ExportResult.Exported, null, "RUN make", 5, 90L);
        build.end("linux/amd64", build.succeeded("linux/amd64"));
        build.end(ARM64, build.succeeded(ARM64));
        build.settle();
        var transitions = Transitions.between(before, build.status);
        before = build.status;
        build.publish(build.published());
        assertThat(Transitions.between(before, build.status))
                .noneMatch(transition -> transition.reason().equals("CacheCold"));
        return transitions.stream()
                .filter(transition -> transition.reason().equals("CacheCold"))
                .findFirst();
    }

    private void build(ImportResult result, Steps steps) {
        build.steps = steps;
        build.cacheUse = new CacheUse(result, ExportResult.Exported, null, "RUN make", 5, 90L);
        build.succeed();
    }

    private void assertCold(@Nullable ColdReason reason) {
        assertThat(Objects.requireNonNull(build.platform(ARM64).cache()).cold()).isEqualTo(reason);
    }
}
