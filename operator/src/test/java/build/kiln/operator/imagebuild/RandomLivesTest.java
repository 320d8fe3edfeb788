package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.publish.PublishOutcome;
import build.kiln.operator.source.Resolution;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Builds that live through random events in random order: users who change their mind, nodes that fail, pods that vanish,
 * registries that are down. The rules hold at every step, whatever happens.
 */
class RandomLivesTest {
    private static final int STEPS = 400;
    private static final FailureReason[] REASONS = {FailureReason.NodeLost, FailureReason.BuildFailed};

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233})
    void keepTheRules(long seed) {
        Random random = new Random(seed);
        Scenario build = new Scenario(random.nextBoolean() ? Specs.GIT : Specs.INLINE);
        for (int step = 0; step < STEPS; step++) {
            ImageBuildStatus before = build.status;
            boolean asked = random.nextInt(12) == 0;
            if (asked) {
                user(build, random, step);
            } else {
                world(build, random);
            }
            act(build, random, build.settle());
            check(before, build, asked);
        }
        assertThat(build.currentRun().number()).isGreaterThan(1);
    }

    private static void user(Scenario build, Random random, int step) {
        switch (random.nextInt(4)) {
            case 0 -> build.requestRebuild("request " + step);
            case 1 -> build.edit(Specs.INLINE.replace("scratch", "base" + random.nextInt(3)));
            case 2 -> build.edit(Specs.GIT.replace("latest", "v" + random.nextInt(3)));
            default -> build.edit(Specs.INLINE + "timeoutSeconds: " + (60 + random.nextInt(60)));
        }
    }

    private static void world(Scenario build, Random random) {
        build.pass(Duration.ofSeconds(random.nextInt(30)));
        List<PlatformStatus> waiting = RunPlanner.platformsOf(build.status).stream()
                .filter(platform -> platform.podName() != null && build.pods.containsKey(platform.podName()))
                .filter(platform -> platform.completionTime() == null)
                .toList();
        if (waiting.isEmpty()) {
            return;
        }
        String platform = waiting.get(random.nextInt(waiting.size())).platform();
        switch (random.nextInt(6)) {
            case 0 -> build.end(platform, build.waiting(random.nextBoolean() ? "Unschedulable" : "Pulling"));
            case 1 -> build.end(platform, build.running());
            case 2, 3 -> build.end(platform, build.succeeded(platform));
            case 4 -> {
                boolean again = random.nextInt(3) > 0;
                build.end(platform, build.failed(platform, REASONS[again ? 0 : 1], again));
            }
            default -> build.removePod(platform);
        }
    }

    /** Carries the decision out, sometimes only in part: the operator may be killed at any instruction. */
    private static void act(Scenario build, Random random, Decision decision) {
        boolean killed = random.nextInt(5) == 0;
        switch (decision) {
            case Decision.CreatePods create -> {
                for (var assignment : killed ? create.assignments().subList(0, 1) : create.assignments()) {
                    build.pod(assignment, build.waiting("Scheduling"));
                }
            }
            case Decision.DeletePods delete -> delete.names().forEach(build.pods::remove);
            case Decision.ResolveSource _ -> {
                if (!killed) {
                    build.resolve(
                            random.nextBoolean()
                                    ? new Resolution.Resolved(Specs.COMMIT)
                                    : new Resolution.Unresolved(FailureReason.SourceNotFound, "timeout", true));
                }
            }
            case Decision.Publish publish -> {
                assertThat(publish.results())
                        .extracting(PlatformResult::platform)
                        .containsExactlyElementsOf(RequestedPlatforms.of(build.spec));
                if (!killed) {
                    build.publish(
                            random.nextBoolean()
                                    ? build.published()
                                    : new PublishOutcome.Unpublished(FailureReason.PublishFailed, "503", true));
                }
            }
            case Decision.Wait _, Decision.WriteStatus _ -> {}
        }
    }

    private static void check(ImageBuildStatus before, Scenario build, boolean asked) {
        Run run = build.currentRun();
        Run was = before.run();
        if (was != null) {
            assertThat(run.number()).as("runs are counted up").isBetween(was.number(), was.number() + 1);
            boolean wasFinal = Objects.requireNonNull(was.phase()).isFinal();
            if (wasFinal && !asked) {
                assertThat(build.status.run())
                        .as("what is final stays, unless the user asks")
                        .isEqualTo(was);
            }
        }
        var live = build.pods.values().stream()
                .filter(pod -> pod.run() == run.number() && !pod.ended())
                .collect(Collectors.groupingBy(WorkerPod::platform, Collectors.counting()));
        assertThat(live.values()).as("one live pod per platform: " + build.pods).allMatch(count -> count == 1);
        for (PlatformStatus platform : RunPlanner.platformsOf(build.status)) {
            assertThat(PlatformProgress.attempt(platform)).isLessThanOrEqualTo(PlatformProgress.MAX_ATTEMPTS);
            assertThat(platform.pushed() != null).isEqualTo(platform.state() == State.Succeeded);
        }
        if (run.phase() == Run.Phase.Publishing) {
            assertThat(RunPlanner.platformsOf(build.status)).allMatch(platform -> platform.state() == State.Succeeded);
        }
        assertThat(build.status.failure() != null).isEqualTo(run.phase() == Run.Phase.Failed);
        conditions(build);
    }

    private static void conditions(Scenario build) {
        boolean isFinal = Objects.requireNonNull(build.currentRun().phase()).isFinal();
        assertThat(build.condition("Reconciling").isPresent()).isEqualTo(!isFinal);
        assertThat(build.condition("Stalled").isPresent())
                .isEqualTo(build.currentRun().phase() == Run.Phase.Failed);
        assertThat(Objects.requireNonNull(build.status.conditions())).allSatisfy(condition -> {
            assertThat(condition.observedGeneration()).isEqualTo(build.generation);
            assertThat(condition.message().lines().count()).isBetween(1L, 2L);
        });
    }
}
