package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.HistoryEntry;
import build.kiln.api.v1alpha1.HistoryEntry.Result;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.publish.PublishOutcome;
import build.kiln.operator.status.Transition;
import build.kiln.operator.status.Transitions;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A change back to inputs that were built before; and what is remembered of runs. */
class ReuseTest {
    private static final String FIRST = "registry.example.com/shop/api@" + Scenario.digest('1');

    private final Scenario build = new Scenario(Specs.INLINE);

    @BeforeEach
    void buildFirstAndSecond() {
        succeedAs('1');
        build.edit(other("two"));
        succeedAs('2');
        build.pods.clear();
    }

    @Test
    void publishesTheImageAgainWithoutABuild() {
        build.edit(Specs.INLINE);
        assertThat(build.run()).isEqualTo(new Decision.Tag(FIRST));
        assertThat(build.condition("Ready").orElseThrow().message()).contains("run 1 built the same inputs");

        ImageBuildStatus before = build.status;
        build.tag(build.published(Scenario.digest('1')));

        assertThat(build.status.image()).isEqualTo(FIRST);
        assertThat(build.currentRun().number()).isEqualTo(3);
        assertThat(build.currentRun().reusedRun()).isEqualTo(1);
        assertThat(build.condition("Ready").orElseThrow().message())
                .contains("Published " + FIRST + " as latest.", "Run 1 built it from the same inputs");
        assertThat(history())
                .extracting(HistoryEntry::result)
                .containsExactly(Result.Reused, Result.Succeeded, Result.Succeeded);
        assertThat(Transitions.between(before, build.status))
                .extracting(Transition::reason)
                .containsExactly("ImageReused");
        assertThat(build.pods).isEmpty();
        assertThat(build.settle()).isEqualTo(new Decision.Wait(null));
    }

    @Test
    void buildsWhenTheImageIsGone() {
        build.edit(Specs.INLINE);
        build.run();

        build.tag(new PublishOutcome.Missing(List.of(), "the registry has removed it"));
        assertThat(build.settle()).isInstanceOf(Decision.CreatePods.class);
        succeedAs('3');

        assertThat(build.currentRun().number()).isEqualTo(3);
        assertThat(build.currentRun().reusedRun()).isNull();
        assertThat(history().getFirst().result()).isEqualTo(Result.Succeeded);
    }

    @Test
    void buildsWhenThatIsWanted() {
        build.edit(Specs.INLINE + "reusePolicy: Never\n");

        assertThat(build.run()).isInstanceOf(Decision.Wait.class);
        assertThat(build.pods).hasSize(2);
    }

    @Test
    void buildsWhenBaseImagesArePolled() {
        build.edit(Specs.INLINE + "baseImages: {poll: {intervalSeconds: 60}}\n");

        build.run();

        assertThat(build.pods).hasSize(2);
    }

    @Test
    void buildsOnRequest() {
        build.requestRebuild("1");

        build.run();

        assertThat(build.currentRun().cause()).isEqualTo(Cause.Requested);
        assertThat(build.pods).hasSize(2);
    }

    @Test
    void publishesTheLastImageAgainWhenAFailedChangeIsTakenBack() {
        build.edit(other("three"));
        build.run();
        build.end("linux/amd64", build.failed("linux/amd64", Scenario.BUILD_FAILED));
        build.run();
        assertThat(build.status.image()).endsWith(Scenario.digest('2'));

        build.edit(other("two"));

        assertThat(build.run()).isEqualTo(new Decision.Tag("registry.example.com/shop/api@" + Scenario.digest('2')));
        assertThat(build.currentRun().number()).isEqualTo(4);
    }

    @Test
    void asksForARebuildWhenTheImageOfATagChangeIsGone() {
        build.edit(other("two").replace("latest", "v2"));
        build.run();

        build.tag(new PublishOutcome.Missing(List.of(), "the registry has removed it"));

        assertThat(build.currentRun().phase()).isEqualTo(Phase.Failed);
        assertThat(build.currentRun().number()).isEqualTo(2);
        assertThat(history().getFirst().result()).isEqualTo(Result.Succeeded);
    }

    @Test
    void tagChangesRewriteTheHistoryOfTheirRunOnly() {
        build.edit(other("two").replace("latest", "v2"));
        build.run();
        build.tag(build.published(Scenario.digest('2')));

        assertThat(history()).extracting(HistoryEntry::tags).containsExactly(List.of("v2"), List.of("latest"));
    }

    @Test
    void remembersTenRunsAndAlwaysTheOneOfTheImage() {
        for (int run = 0; run < 15; run++) {
            build.edit(other("failing" + run));
            build.run();
            build.end("linux/amd64", build.failed("linux/amd64", Scenario.BUILD_FAILED));
            build.run();
        }

        assertThat(history())
                .hasSize(10)
                .extracting(HistoryEntry::run)
                .startsWith(17, 16, 15)
                .endsWith(10, 9, 2);
        build.edit(other("two"));
        assertThat(build.run()).isInstanceOf(Decision.Tag.class);
    }

    @Test
    void recordsARunThatWasTriedAgainOnce() {
        build.edit(other("three"));
        build.run();
        build.end("linux/amd64", build.failed("linux/amd64", OfPod.NODE_GONE));
        build.run();

        assertThat(history()).extracting(HistoryEntry::run).containsExactly(2, 1);
    }

    private void succeedAs(char digit) {
        build.succeed(Scenario.digest(digit));
    }

    private List<HistoryEntry> history() {
        return Objects.requireNonNull(build.status.history());
    }

    private static String other(String base) {
        return Specs.INLINE.replace("scratch", base);
    }
}
