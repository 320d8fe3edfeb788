package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.source.Resolution;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Runs because something moved that no field of the spec shows. */
class PollingTest {
    private static final Duration INTERVAL = Duration.ofMinutes(5);

    @Nested
    class OfTheSource {
        private final Scenario build = new Scenario(Specs.GIT.replace("main}", "main, poll: {intervalSeconds: 300}}"));

        @Test
        void asksAfterTheIntervalAndAtMostATenthMore() {
            build.succeed();
            Instant started =
                    Instant.parse(Objects.requireNonNull(build.currentRun().startTime()));

            assertThat(build.settle())
                    .isInstanceOfSatisfying(
                            Decision.Wait.class,
                            wait -> assertThat(wait.until())
                                    .isBetween(
                                            started.plus(INTERVAL),
                                            started.plus(
                                                    INTERVAL.multipliedBy(11).dividedBy(10))));
            build.pass(INTERVAL.multipliedBy(2));
            assertThat(build.run()).isEqualTo(new Decision.PollSource());
        }

        @Test
        void writesNothingWhenNothingMoved() {
            askedAgain();
            ImageBuildStatus before = build.status;

            build.pollSource(Specs.COMMIT);

            assertThat(build.run()).isInstanceOf(Decision.Wait.class);
            assertThat(build.status).isEqualTo(before);
        }

        @Test
        void startsARunForTheNewCommit() {
            askedAgain();

            build.pollSource("abcd".repeat(10));
            build.run();

            assertThat(build.currentRun().cause()).isEqualTo(Cause.SourceMoved);
            assertThat(build.currentRun().commit()).isEqualTo("abcd".repeat(10));
            assertThat(build.currentRun().phase()).isEqualTo(Phase.Building);
        }

        @Test
        void usesTheImageAgainWhenTheBranchMovesBack() {
            askedAgain();
            build.pollSource("abcd".repeat(10));
            build.succeed();
            build.pass(INTERVAL.multipliedBy(2));

            build.pollSource(Specs.COMMIT);

            assertThat(build.run()).isInstanceOf(Decision.Tag.class);
            assertThat(build.currentRun().reusedRun()).isEqualTo(1);
        }

        @Test
        void asksNothingWhileSuspendedOrUnderWay() {
            build.run();
            build.resolve(new Resolution.Resolved(Specs.COMMIT));
            build.run();
            build.pass(INTERVAL.multipliedBy(2));
            assertThat(build.run()).isInstanceOf(Decision.Wait.class);
            build.succeed();
            build.pass(INTERVAL.multipliedBy(2));

            build.edit(Specs.GIT.replace("main}", "main, poll: {intervalSeconds: 300}}") + "suspend: true\n");

            assertThat(build.run()).isInstanceOf(Decision.Wait.class);
        }

        @Test
        void isNoInput() {
            build.succeed();

            build.edit(Specs.GIT);

            assertThat(build.run()).isInstanceOf(Decision.Wait.class);
            assertThat(build.currentRun().number()).isEqualTo(1);
        }

        @Test
        void spreadsTheQuestionsOfAnOperatorThatHasJustStarted() {
            build.succeed();
            build.pass(Duration.ofDays(1));
            build.polls = new PollTimes(build.now, null, null);

            Decision decision = build.run();

            assertThat(decision)
                    .isInstanceOfSatisfying(
                            Decision.Wait.class,
                            wait -> assertThat(wait.until()).isBetween(build.now, build.now.plus(INTERVAL)));
        }

        private void askedAgain() {
            build.succeed();
            build.pass(INTERVAL.multipliedBy(2));
            assertThat(build.run()).isEqualTo(new Decision.PollSource());
        }
    }

    @Nested
    class OfBaseImages {
        private static final String DEBIAN = "docker.io/library/debian:12";

        private final Scenario build = new Scenario(Specs.INLINE + "baseImages: {poll: {intervalSeconds: 300}}\n");

        @Test
        void asksForWhatTheWorkersReport() {
            build.baseImages = List.of(DEBIAN + "@" + Scenario.digest('a'));
            build.succeed();
            build.pass(INTERVAL.multipliedBy(2));

            assertThat(build.run()).isEqualTo(new Decision.PollBaseImages());
            assertThat(BaseImageReferences.names(build.status)).containsExactly(DEBIAN);
        }

        @Test
        void asksNothingWithoutBaseImages() {
            build.succeed();
            build.pass(INTERVAL.multipliedBy(2));

            assertThat(build.run()).isInstanceOf(Decision.Wait.class);
        }

        @Test
        void startsARunForTheNewDigestAndNamesIt() {
            build.baseImages = List.of(DEBIAN + "@" + Scenario.digest('a'));
            build.succeed();

            assertThat(moved('a')).isEmpty();
            build.moveBaseImages(moved('b'));
            build.run();

            assertThat(build.currentRun().cause()).isEqualTo(Cause.BaseImageMoved);
            assertThat(build.currentRun().movedBaseImages()).containsExactly(DEBIAN + "@" + Scenario.digest('b'));
        }

        @Test
        void startsNoSecondRunWhereTheDockerfileDoesNotTakeItIn() {
            build.baseImages = List.of(DEBIAN + "@" + Scenario.digest('a'));
            build.succeed();
            build.moveBaseImages(moved('b'));
            build.succeed();

            assertThat(moved('b')).isEmpty();
            assertThat(moved('c')).hasSize(1);
        }

        @Test
        void startsARunWhenThePlatformsWereBuiltOnDifferentImages() {
            build.baseImages = List.of(DEBIAN + "@" + Scenario.digest('a'), DEBIAN + "@" + Scenario.digest('b'));
            build.succeed();

            assertThat(moved('b')).hasSize(1);
        }

        @Test
        void keepsOnlyWhatCanBeAReference() {
            List<String> reported = List.of(
                    DEBIAN + "@" + Scenario.digest('a'),
                    "docker.io/library/debian@" + Scenario.digest('a'),
                    "debian:12@sha256:short",
                    "-flag:1@" + Scenario.digest('a'),
                    "a b:1@" + Scenario.digest('a'));

            assertThat(BaseImageReferences.merged(null, reported)).containsExactly(reported.getFirst());
            assertThat(BaseImageReferences.merged(
                            null,
                            IntStream.range(0, 50)
                                    .mapToObj(i -> "r.example.com/a:" + i + "@" + Scenario.digest('a'))
                                    .toList()))
                    .hasSize(BaseImageReferences.MAX_IMAGES);
        }

        private List<String> moved(char digit) {
            return BaseImageReferences.moved(build.status, Map.of(DEBIAN, Scenario.digest(digit)));
        }
    }
}
