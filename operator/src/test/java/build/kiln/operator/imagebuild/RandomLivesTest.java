package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Strategy;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.failure.Evidence.OfRegistry;
import build.kiln.operator.failure.Evidence.OfSource;
import build.kiln.operator.placement.RequestedPlatforms;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.publish.PublishOutcome;
import build.kiln.operator.source.Resolution;
import build.kiln.operator.status.Prospect;
import build.kiln.operator.testing.TestNodes;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.CrossCompiling.Answer;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Builds that live through random events in random order: users who change their mind, nodes that fail, pods that vanish,
 * registries that are down. The rules hold at every step, whatever happens.
 */
class RandomLivesTest {
    private static final int STEPS = 400;
    private static final List<Strategy> STRATEGIES = List.of(Strategy.values());
    private static final List<Answer> ANSWERS = List.of(Answer.values());

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233})
    void keepTheRules(long seed) {
        Random random = new Random(seed);
        Scenario build = new Scenario(random.nextBoolean() ? Specs.GIT : Specs.INLINE);
        PlayedRegistry registry = new PlayedRegistry();
        for (int step = 0; step < STEPS; step++) {
            ImageBuildStatus before = build.status;
            boolean asked = random.nextInt(12) == 0;
            if (asked) {
                user(build, random, step);
            } else {
                world(build, random);
            }
            // Every write is a moment at which somebody may look.
            Decision decision = build.settle(() -> RunRules.check(before, build, registry.tags()));
            act(build, random, registry, decision);
            RunRules.check(before, build, registry.tags());
        }
        assertThat(build.currentRun().number()).isGreaterThan(1);
        leaveAlone(build, random, registry);
    }

    /** Nobody asks for anything any more, and servers answer: the newest inputs are what the tags end at. */
    private static void leaveAlone(Scenario build, Random random, PlayedRegistry registry) {
        build.edit(Specs.INLINE.replace("scratch", "last" + random.nextInt(3)).replace("latest", "final"));
        for (int step = 0; step < 200 && !(build.run() instanceof Decision.Wait && isFinal(build)); step++) {
            Decision decision = build.run();
            switch (decision) {
                case Decision.ResolveSource _ -> build.resolve(new Resolution.Resolved(Specs.COMMIT));
                case Decision.Publish _ -> build.publish(registry.publish(build));
                case Decision.Tag tag -> build.tag(registry.tag(build, tag.image()));
                default ->
                    RunPlanner.platformsOf(build.status).stream()
                            .filter(platform -> build.pods.containsKey(String.valueOf(platform.podName())))
                            .filter(platform -> platform.completionTime() == null)
                            .forEach(platform -> build.end(platform.platform(), build.succeeded(platform.platform())));
            }
            build.pass(Duration.ofMinutes(1));
        }
        assertThat(build.currentRun().phase()).isEqualTo(Run.Phase.Succeeded);
        assertThat(build.currentRun().specHash()).isEqualTo(InputHash.of(build.spec));
        assertThat(registry.tags()).containsEntry("final", build.status.image());
    }

    private static boolean isFinal(Scenario build) {
        return RunPlanner.phase(build.currentRun()).isFinal()
                && RunCauses.prospect(build.observed()) instanceof Prospect.Settled;
    }

    private static void user(Scenario build, Random random, int step) {
        switch (random.nextInt(6)) {
            case 0 -> build.requestRebuild("request " + step);
            case 1 -> build.requestCancel("request " + step);
            case 2 -> build.edit(Specs.INLINE.replace("scratch", "base" + random.nextInt(3)) + settings(random));
            case 3 -> build.edit(Specs.GIT.replace("latest", "v" + random.nextInt(3)) + settings(random));
            case 4 -> build.edit(Specs.GIT.replace("main}", "main, poll: {intervalSeconds: 300}}") + settings(random));
            default ->
                build.edit(Specs.INLINE + "timeoutSeconds: " + (60 + random.nextInt(60)) + "\n" + settings(random));
        }
    }

    private static String settings(Random random) {
        String policy = random.nextBoolean() ? "concurrencyPolicy: Queue\n" : "";
        String suspend = random.nextInt(4) == 0 ? "suspend: true\n" : "";
        String placement = random.nextInt(3) == 0
                ? "placement: {mode: " + List.of("Auto", "Native", "Emulated").get(random.nextInt(3))
                        + ", nativeWaitSeconds: " + random.nextInt(60) + "}\n"
                : "";
        String schedule = random.nextInt(4) == 0 ? "schedule: {cron: \"*/5 * * * *\"}\n" : "";
        String strategy = "strategy: " + STRATEGIES.get(random.nextInt(STRATEGIES.size())) + "\n";
        return policy + suspend + schedule + placement + strategy;
    }

    private static void world(Scenario build, Random random) {
        build.pass(Duration.ofSeconds(random.nextInt(30)));
        if (random.nextInt(10) == 0) {
            build.nodes.removeIf(node -> node.architecture().equals("arm64"));
            if (random.nextBoolean()) {
                build.nodes.add(TestNodes.ready("arm-1", "arm64"));
            }
        }
        List<PlatformStatus> waiting = RunPlanner.platformsOf(build.status).stream()
                .filter(platform -> platform.podName() != null && build.pods.containsKey(platform.podName()))
                .filter(platform -> platform.completionTime() == null)
                .toList();
        if (waiting.isEmpty()) {
            return;
        }
        String platform = waiting.get(random.nextInt(waiting.size())).platform();
        build.crossCompiling = new BuildResult.CrossCompiling(ANSWERS.get(random.nextInt(ANSWERS.size())), null);
        switch (random.nextInt(6)) {
            case 0 -> build.end(platform, build.waiting(random.nextBoolean() ? "Unschedulable" : "Pulling"));
            case 1 -> build.end(platform, build.running());
            case 2, 3 -> build.end(platform, build.succeeded(platform));
            case 4 -> {
                boolean again = random.nextInt(3) > 0;
                build.end(platform, build.failed(platform, again ? OfPod.NODE_GONE : Scenario.BUILD_FAILED));
            }
            default -> build.removePod(platform);
        }
    }

    /** Carries the decision out, sometimes only in part: the operator may be killed at any instruction. */
    private static void act(Scenario build, Random random, PlayedRegistry registry, Decision decision) {
        boolean killed = random.nextInt(5) == 0;
        switch (decision) {
            case Decision.CreatePods create -> {
                for (var assignment : killed ? create.assignments().subList(0, 1) : create.assignments()) {
                    build.pod(assignment, build.waiting("Scheduling"));
                }
            }
            case Decision.DeletePods delete -> delete.names().forEach(build.pods::remove);
            case Decision.DeleteClaims _, Decision.OwnClaims _ -> build.carriesOut(decision);
            case Decision.ResolveSource _ -> {
                if (!killed) {
                    build.resolve(
                            random.nextBoolean()
                                    ? new Resolution.Resolved(Specs.COMMIT)
                                    : new Resolution.Unresolved(Diagnosis.of(OfSource.UNREACHABLE, "timeout")));
                }
            }
            case Decision.Publish publish -> {
                assertThat(publish.results())
                        .extracting(PlatformResult::platform)
                        .containsExactlyElementsOf(
                                RequestedPlatforms.of(build.observed().ofRun().spec()));
                boolean works = random.nextBoolean();
                PublishOutcome published = works ? registry.publish(build) : null;
                if (!killed) {
                    build.publish(
                            published != null
                                    ? published
                                    : new PublishOutcome.Unpublished(Diagnosis.of(OfRegistry.UNAVAILABLE, "503")));
                }
            }
            case Decision.Protect protect -> {
                if (!killed) {
                    build.protect(protect.results());
                }
            }
            case Decision.Release release -> {
                if (!killed) {
                    build.release(release.results());
                }
            }
            case Decision.Tag tag -> {
                boolean gone = random.nextInt(4) == 0;
                PublishOutcome tagged =
                        gone ? new PublishOutcome.Missing(List.of(), "gone") : registry.tag(build, tag.image());
                if (!killed) {
                    build.tag(tagged);
                }
            }
            case Decision.PollSource _ -> {
                if (!killed) {
                    build.pollSource(random.nextBoolean() ? Specs.COMMIT : "abcd".repeat(10));
                }
            }
            case Decision.PollBaseImages _, Decision.DeleteBuild _ ->
                throw new AssertionError("nobody asked for " + decision);
            case Decision.Wait _, Decision.WriteStatus _ -> {}
        }
    }
}
