package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.HistoryEntry;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.operator.status.Prospect;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/** What holds at every moment of every build's life. */
final class RunRules {
    private RunRules() {}

    /**
     * @param before the status at the beginning of the step
     * @param build as it is now
     * @param tags where the tags of the registry point
     */
    static void check(ImageBuildStatus before, Scenario build, Map<String, String> tags) {
        Run run = build.status.run();
        if (run == null) {
            return;
        }
        runs(before, build, run);
        requests(before, build, run);
        pods(build, run);
        history(build.status);
        conditions(build, run);
        ready(build, tags);
    }

    private static void runs(ImageBuildStatus before, Scenario build, Run run) {
        Run was = before.run();
        if (was != null) {
            assertThat(run.number()).as("runs are counted up").isBetween(was.number(), was.number() + 2);
        }
        if (was != null && run.number() > was.number()) {
            assertThat(build.spec.suspend()).as("no run starts while suspended").isNotEqualTo(true);
        }
        if (RunPlanner.phase(run) != Run.Phase.Succeeded && was != null && was.number() == run.number()) {
            assertThat(build.status.image())
                    .as("only a success changes the image")
                    .isEqualTo(before.image());
        }
        if (run.phase() == Run.Phase.Publishing) {
            assertThat(RunPlanner.platformsOf(build.status)).allMatch(platform -> platform.state() == State.Succeeded);
        }
        assertThat(build.status.failure() != null).isEqualTo(run.phase() == Run.Phase.Failed);
        assertThat(run.spec() != null && RunPlanner.phase(run).isFinal()).isFalse();
    }

    private static void requests(ImageBuildStatus before, Scenario build, Run run) {
        Run was = before.run();
        boolean started = was == null || run.number() > was.number();
        if (started && run.cause() == Cause.Requested) {
            assertThat(build.status.lastHandledRebuildAt())
                    .as("a request starts one run")
                    .isNotEqualTo(before.lastHandledRebuildAt());
        }
        if (run.phase() == Run.Phase.Cancelled
                && was != null
                && was.number() == run.number()
                && was.phase() != run.phase()) {
            boolean stranded = !RunSpec.isOf(build.spec, run);
            assertThat(stranded || !Objects.equals(build.status.lastHandledCancelAt(), before.lastHandledCancelAt()))
                    .as("a run is cancelled by a new request, or because its spec is gone")
                    .isTrue();
        }
        String last = build.status.lastScheduleTime();
        if (started && run.cause() == Cause.Scheduled) {
            assertThat(last).as("each time of the schedule starts one run").isNotEqualTo(before.lastScheduleTime());
            assertThat(Instant.parse(Objects.requireNonNull(build.status.nextScheduleTime())))
                    .isAfter(Instant.parse(Objects.requireNonNull(run.startTime())));
        }
        if (last != null) {
            assertThat(Instant.parse(last)).isBeforeOrEqualTo(build.now);
        }
    }

    private static void pods(Scenario build, Run run) {
        var live = build.pods.values().stream()
                .filter(pod -> pod.run() == run.number() && !pod.ended())
                .collect(Collectors.groupingBy(WorkerPod::platform, Collectors.counting()));
        assertThat(live.values()).as("one live pod per platform: " + build.pods).allMatch(count -> count == 1);
        if (run.leadPlatform() != null) {
            assertThat(live.size()).as("one live pod for all").isLessThanOrEqualTo(1);
            assertThat(RunPlanner.platformsOf(build.status).stream()
                            .map(PlatformStatus::podName)
                            .distinct())
                    .as("all platforms are in that pod")
                    .hasSizeLessThanOrEqualTo(1);
        }
        assertThat(build.pods.values().stream()
                        .filter(pod -> !pod.ended())
                        .map(WorkerPod::run)
                        .distinct())
                .as("pods of two runs at most")
                .hasSizeLessThanOrEqualTo(2);
        for (PlatformStatus platform : RunPlanner.platformsOf(build.status)) {
            assertThat(Objects.requireNonNullElse(platform.failedAttempts(), List.of()))
                    .hasSizeLessThan(RetryPolicy.DEFAULT_MAX_ATTEMPTS);
            boolean waits =
                    platform.nativeWait() != null && platform.nativeWait().startTime() != null;
            assertThat(!waits || platform.state() == State.WaitingForNode)
                    .as("who does not wait is not said to")
                    .isTrue();
            assertThat(platform.pushed() != null).isEqualTo(platform.state() == State.Succeeded);
        }
    }

    private static void history(ImageBuildStatus status) {
        List<HistoryEntry> history = Objects.requireNonNullElse(status.history(), List.of());
        assertThat(history).hasSizeLessThanOrEqualTo(History.MAX_ENTRIES);
        List<HistoryEntry> sorted = new ArrayList<>(history);
        sorted.sort(Comparator.comparingInt(HistoryEntry::run).reversed());
        assertThat(history).as("newest first").isEqualTo(sorted);
        assertThat(history.stream().map(HistoryEntry::run)).doesNotHaveDuplicates();
        if (status.image() != null) {
            assertThat(history).extracting(HistoryEntry::image).contains(status.image());
        }
    }

    private static void conditions(Scenario build, Run run) {
        boolean isFinal = RunPlanner.phase(run).isFinal();
        boolean reconciling = build.condition("Reconciling").isPresent();
        boolean stalled = build.condition("Stalled").isPresent();
        assertThat(reconciling && stalled).as("never together").isFalse();
        if (!isFinal) {
            assertThat(reconciling).isTrue();
        }
        if (Objects.equals(build.status.observedGeneration(), build.generation)) {
            assertThat(reconciling).isEqualTo(!isFinal || RunCauses.prospect(build.observed()) instanceof Prospect.Due);
        }
        assertThat(Objects.requireNonNull(build.status.conditions())).allSatisfy(condition -> {
            assertThat(condition.observedGeneration()).isEqualTo(build.status.observedGeneration());
            assertThat(condition.message().lines().count()).isBetween(1L, 2L);
        });
    }

    /** Ready for a generation means: the tags of that generation point at an image of its inputs. */
    private static void ready(Scenario build, Map<String, String> tags) {
        Condition.Status ready = build.condition("Ready").orElseThrow().status();
        if (ready != Condition.Status.True || !Objects.equals(build.status.observedGeneration(), build.generation)) {
            return;
        }
        assertThat(build.currentRun().specHash()).isEqualTo(InputHash.of(build.spec));
        assertThat(build.status.imageInputHash()).isEqualTo(build.currentRun().inputHash());
        for (String tag : Objects.requireNonNullElse(build.spec.output().tags(), List.<String>of())) {
            assertThat(tags).containsEntry(tag, build.status.image());
        }
    }
}
