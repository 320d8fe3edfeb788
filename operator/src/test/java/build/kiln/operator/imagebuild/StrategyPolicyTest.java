package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.CrossCompiling;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.Strategy;
import build.kiln.api.v1alpha1.StrategyReason;
import build.kiln.operator.testing.TestNodes;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.CrossCompiling.Answer;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** In how many pods the next run builds. */
class StrategyPolicyTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                                                                                    |         | PerPlatform | NotKnown
                                                                                    | Unknown | PerPlatform | NotKnown
                                                                                    | No      | PerPlatform | NotCrossCompiling
                                                                                    | Yes     | SinglePod   | CrossCompiles
            strategy: Auto                                                          | Yes     | SinglePod   | CrossCompiles
            strategy: PerPlatform                                                   | Yes     | PerPlatform | Requested
            strategy: SinglePod                                                     |         | SinglePod   | Requested
            strategy: SinglePod                                                     | No      | SinglePod   | Requested
            placement: {mode: Native}                                               | Yes     | PerPlatform | OwnPlacement
            placement: {mode: Emulated}                                             | Yes     | PerPlatform | OwnPlacement
            placement: {platforms: [{platform: linux/arm64, mode: Native}]}         | Yes     | SinglePod   | CrossCompiles
            placement: {platforms: [{platform: linux/arm64, mode: Emulated}]}       | Yes     | SinglePod   | CrossCompiles
            placement: {platforms: [{platform: linux/arm64, nativeWaitSeconds: 5}]} | Yes     | SinglePod   | CrossCompiles
            placement: {platforms: [{platform: linux/arm64, nodeSelector: {a: b}}]} | Yes     | PerPlatform | OwnPlacement
            placement: {platforms: [{platform: linux/arm64, resources: {}}]}        | Yes     | PerPlatform | OwnPlacement
            """)
    void strategyFollowsFromTheSpecAndWhatIsKnown(
            String settings, CrossCompiling.Answer known, Strategy strategy, StrategyReason reason) {
        Scenario build = new Scenario(Specs.INLINE + Objects.requireNonNullElse(settings, ""));
        if (known != null) {
            build.status = ImageBuildStatusBuilder.builder()
                    .crossCompiling(new CrossCompiling(known, 1, null))
                    .build();
        }

        build.settle();

        assertThat(build.currentRun().strategy()).isEqualTo(strategy);
        assertThat(build.currentRun().strategyReason()).isEqualTo(reason);
    }

    @ParameterizedTest
    @EnumSource(Strategy.class)
    void onePlatformHasOnePodAnyway(Strategy strategy) {
        Scenario build = new Scenario(
                Specs.INLINE.replace("[linux/amd64, linux/arm64]", "[linux/arm64]") + "strategy: " + strategy + "\n");
        build.settle();

        assertThat(build.currentRun().strategy()).isEqualTo(Strategy.PerPlatform);
        assertThat(build.currentRun().strategyReason()).isEqualTo(StrategyReason.OnePlatform);
        assertThat(build.currentRun().leadPlatform()).isNull();
    }

    @Test
    void autoTakesOnePodAsSoonAsARunHasFoundOutAndGoesBackAgain() {
        Scenario build = new Scenario(Specs.INLINE);
        build.crossCompiling = new BuildResult.CrossCompiling(Answer.Yes, null);
        build.succeed();
        assertThat(build.currentRun().strategy()).isEqualTo(Strategy.PerPlatform);

        build.requestRebuild("second");
        build.crossCompiling = new BuildResult.CrossCompiling(Answer.No, "linux/arm64: RUN make");
        build.succeed();
        assertThat(build.currentRun().strategy()).isEqualTo(Strategy.SinglePod);

        build.requestRebuild("third");
        build.run();
        assertThat(build.currentRun().strategy()).isEqualTo(Strategy.PerPlatform);
        assertThat(build.currentRun().strategyReason()).isEqualTo(StrategyReason.NotCrossCompiling);
        assertThat(build.status.crossCompiling())
                .isEqualTo(new CrossCompiling(CrossCompiling.Answer.No, 2, "linux/arm64: RUN make"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {mode: Native}                                                          | Native for linux/amd64, linux/arm64
            {mode: Emulated}                                                        | Emulated for linux/amd64, linux/arm64
            {mode: Native, platforms: [{platform: linux/arm64, mode: Emulated}]}    |
            {mode: Emulated, platforms: [{platform: linux/arm64, mode: Native}]}    |
            """)
    void modesThatNoNodeCanMeetAreRefused(String placement, String named) {
        Scenario build = new Scenario(Specs.INLINE + "strategy: SinglePod\nplacement: " + placement + "\n");
        build.nodes.add(TestNodes.ready("arm-1", "arm64"));
        build.settle();

        if (named == null) {
            assertThat(build.currentRun().strategy()).isEqualTo(Strategy.SinglePod);
            return;
        }
        assertThat(build.failure().reason()).isEqualTo(FailureReason.InvalidSpec);
        assertThat(build.condition("Ready").orElseThrow().message())
                .contains("spec.strategy: SinglePod", named, "write mode: Auto", "strategy: PerPlatform");
    }

    @Test
    void platformThatCannotBeBuiltIsRefusedInOnePodToo() {
        Scenario build = new Scenario(Specs.INLINE.replace("linux/arm64", "linux/pdp11") + "strategy: SinglePod\n");
        build.settle();

        assertThat(build.failure().reason()).isEqualTo(FailureReason.InvalidSpec);
        assertThat(build.failure().platform()).isEqualTo("linux/pdp11");
    }

    @Test
    void platformThatHasToBeNativeLeads() {
        Scenario build = new Scenario(Specs.INLINE
                + "strategy: SinglePod\nplacement: {platforms: [{platform: linux/arm64, mode: Native}]}\n");
        build.settle();

        assertThat(build.currentRun().leadPlatform()).isEqualTo("linux/arm64");
    }
}
