package build.kiln.operator.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.CacheUse;
import build.kiln.api.v1alpha1.CacheUse.ColdReason;
import build.kiln.api.v1alpha1.CacheUse.ExportResult;
import build.kiln.api.v1alpha1.CacheUse.ImportResult;
import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.PlatformStatus.NativeWait;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.PlatformStatusBuilder;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.api.v1alpha1.RunBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BuildMetricsTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final BuildMetrics metrics = new BuildMetrics(registry);

    @Test
    void countsARunOnceWhenItEnds() {
        ImageBuildStatus publishing = status(1, Phase.Publishing, State.Succeeded, null);
        ImageBuildStatus succeeded = status(1, Phase.Succeeded, State.Succeeded, null);

        metrics.record(publishing, succeeded);
        metrics.record(succeeded, succeeded);

        assertThat(registry.get("kiln.runs")
                        .tags("cause", "Requested", "result", "Succeeded", "reason", "")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(registry.get("kiln.run.duration").timer().totalTime(TimeUnit.SECONDS))
                .isEqualTo(90);
        assertThat(registry.get("kiln.publish.duration").timer().totalTime(TimeUnit.SECONDS))
                .isEqualTo(10);
    }

    @Test
    void countsTheReasonOfAFailure() {
        metrics.record(
                status(1, Phase.Building, State.Building, null),
                status(1, Phase.Failed, State.Failed, FailureReason.BuildFailed));

        assertThat(registry.get("kiln.runs")
                        .tags("result", "Failed", "reason", "BuildFailed")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(registry.get("kiln.platform.builds")
                        .tags(
                                "platform",
                                "linux/arm64",
                                "mode",
                                "Emulated",
                                "modeReason",
                                "NoNativeNode",
                                "result",
                                "Failed",
                                "reason",
                                "BuildFailed")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(registry.find("kiln.publish.duration").timer()).isNull();
    }

    @Test
    void countsHowProgramsOfAnAcceleratedPlatformRan() {
        ImageBuildStatus succeeded = status(1, Phase.Publishing, State.Succeeded, null);
        PlatformStatus platform = PlatformStatusBuilder.builder(
                        Objects.requireNonNull(succeeded.platforms()).getFirst())
                .acceleration(new PlatformStatus.Acceleration(
                        40,
                        7,
                        List.of(
                                new PlatformStatus.Unmatched("/usr/lib/gcc/aarch64-linux-gnu/13/cc1", "a1b2", 4),
                                new PlatformStatus.Unmatched("/usr/libexec/gcc/aarch64-linux-gnu/14/cc1", "c3d4", 1),
                                new PlatformStatus.Unmatched("/usr/lib/llvm-19/bin/clang-19", "e5f6", 2),
                                new PlatformStatus.Unmatched("/tmp/any value that a build step invents", null, 9))))
                .build();

        metrics.record(
                status(1, Phase.Building, State.Building, null),
                ImageBuildStatusBuilder.builder(succeeded)
                        .platforms(List.of(platform))
                        .build());

        assertThat(registry.get("kiln.accelerated.starts")
                        .tags("platform", "linux/arm64", "how", "native")
                        .counter()
                        .count())
                .isEqualTo(40);
        assertThat(registry.get("kiln.accelerated.starts")
                        .tags("platform", "linux/arm64", "how", "emulated")
                        .counter()
                        .count())
                .isEqualTo(7);
        assertThat(unmatched("cc1")).isEqualTo(5);
        assertThat(unmatched("clang")).isEqualTo(2);
        assertThat(unmatched("other")).isEqualTo(9);
        assertThat(registry.find("kiln.accelerated.unmatched.starts").counters())
                .hasSize(3);
    }

    /** So that no compiler is reported in the status and counted as another one here. */
    @Test
    void knowsTheProgramsThatTheLauncherWatches() throws IOException {
        String launcher = Files.readString(Path.of("../images/buildkit/launcher/twinindex.go"));
        String list = launcher.substring(launcher.indexOf("var compilers"), launcher.indexOf("// compileIndex"));
        List<String> names = Pattern.compile("\"([^\"]+)\"")
                .matcher(list)
                .results()
                .map(match -> match.group(1))
                .toList();

        assertThat(names)
                .contains("cc1plus", "clang-19")
                .allSatisfy(name -> assertThat(CompilerName.of("/usr/bin/" + name))
                        .isEqualTo(name.startsWith("clang") ? "clang" : name));
    }

    private double unmatched(String program) {
        return registry.get("kiln.accelerated.unmatched.starts")
                .tags("platform", "linux/arm64", "program", program)
                .counter()
                .count();
    }

    @Test
    void timesWaitsForNativeNodes() {
        PlatformStatus before = waited(new NativeWait("2026-11-23T10:00:00Z", "2026-11-23T10:02:00Z", 10));
        PlatformStatus after = waited(new NativeWait(null, null, 130));
        ImageBuildStatus status = status(1, Phase.Building, State.Building, null);

        metrics.record(with(status, before), with(status, after));
        metrics.record(with(status, after), with(status, after));

        assertThat(registry.get("kiln.native.wait")
                        .tags("platform", "linux/arm64", "result", "Emulated")
                        .timer())
                .satisfies(timer -> {
                    assertThat(timer.count()).isEqualTo(1);
                    assertThat(timer.totalTime(TimeUnit.SECONDS)).isEqualTo(120);
                });
    }

    private static PlatformStatus waited(NativeWait wait) {
        return PlatformStatusBuilder.builder()
                .platform("linux/arm64")
                .state(State.Pending)
                .mode(Mode.Emulated)
                .nativeWait(wait)
                .build();
    }

    private static ImageBuildStatus with(ImageBuildStatus status, PlatformStatus platform) {
        return ImageBuildStatusBuilder.builder(status)
                .platforms(List.of(platform))
                .build();
    }

    @Test
    void countsWhatTheCacheDid() {
        ImageBuildStatus succeeded = status(1, Phase.Publishing, State.Succeeded, null);
        PlatformStatus platform = PlatformStatusBuilder.builder(
                        Objects.requireNonNull(succeeded.platforms()).getFirst())
                .totalSteps(8)
                .cachedSteps(3)
                .pulledBytes(7_000_000L)
                .sentBytes(3_000_000L)
                .cache(new CacheUse(
                        ImportResult.Imported,
                        ExportResult.TimedOut,
                        40L,
                        300_000L,
                        ColdReason.ChangedInput,
                        null,
                        null))
                .build();

        metrics.record(
                status(1, Phase.Building, State.Building, null),
                ImageBuildStatusBuilder.builder(succeeded)
                        .platforms(List.of(platform))
                        .build());

        assertThat(registry.get("kiln.steps").tags("from", "cache").counter().count())
                .isEqualTo(3);
        assertThat(registry.get("kiln.steps").tags("from", "build").counter().count())
                .isEqualTo(5);
        assertThat(registry.get("kiln.pulled.bytes").counter().count()).isEqualTo(7_000_000);
        assertThat(registry.get("kiln.sent.bytes").counter().count()).isEqualTo(3_000_000);
        assertThat(registry.get("kiln.cache.import.duration")
                        .tags("platform", "linux/arm64", "result", "Imported")
                        .timer()
                        .totalTime(TimeUnit.MILLISECONDS))
                .isEqualTo(40);
        assertThat(registry.get("kiln.cache.export.duration")
                        .tags("result", "TimedOut")
                        .timer()
                        .totalTime(TimeUnit.SECONDS))
                .isEqualTo(300);
        assertThat(registry.get("kiln.cache.cold")
                        .tags("reason", "ChangedInput")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void countsTheSamePlatformAgainInANewRun() {
        metrics.record(
                status(1, Phase.Succeeded, State.Succeeded, null), status(2, Phase.Publishing, State.Succeeded, null));

        assertThat(registry.get("kiln.platform.builds")
                        .tags("result", "Succeeded")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void showsTheRunsThatAreUnderWay() {
        metrics.watch(() -> List.of(
                ImageBuildStatus.empty(),
                status(1, Phase.Building, State.Building, null),
                status(1, Phase.Succeeded, State.Succeeded, null)));

        assertThat(registry.get("kiln.builds.running").gauge().value()).isEqualTo(1);
    }

    private static ImageBuildStatus status(int run, Phase phase, State state, @Nullable FailureReason reason) {
        PlatformStatus platform = PlatformStatusBuilder.builder()
                .platform("linux/arm64")
                .state(state)
                .mode(Mode.Emulated)
                .modeReason("NoNativeNode")
                .attempt(1)
                .podName("pod")
                .nodeName("node")
                .startTime("2026-11-23T10:00:10Z")
                .completionTime("2026-11-23T10:01:20Z")
                .reason(reason == null ? null : reason.name())
                .build();
        Run current = RunBuilder.builder()
                .number(run)
                .cause(Cause.Requested)
                .phase(phase)
                .startTime("2026-11-23T10:00:00Z")
                .buildEndTime("2026-11-23T10:01:20Z")
                .completionTime(phase.isFinal() ? "2026-11-23T10:01:30Z" : null)
                .build();
        return ImageBuildStatusBuilder.builder()
                .observedGeneration(1L)
                .run(current)
                .platforms(List.of(platform))
                .failure(reason == null ? null : new Failure(null, reason, null, null, null, null))
                .build();
    }
}
