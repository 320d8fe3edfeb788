package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.protocol.BuildRequest.Cache;
import build.kiln.protocol.BuildRequest.CacheMode;
import build.kiln.protocol.BuildRequest.Output;
import build.kiln.protocol.BuildRequest.Provenance;
import build.kiln.protocol.BuildRequest.Registry;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.CrossCompiling;
import build.kiln.protocol.BuildResult.CrossCompiling.Answer;
import build.kiln.protocol.BuildResult.ExportResult;
import build.kiln.protocol.BuildResult.Failed;
import build.kiln.protocol.BuildResult.OtherPlatform;
import build.kiln.protocol.BuildResult.Succeeded;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Several platforms on one real daemon. Its RUN steps execute a program that asks a server of the test for something, which
 * counts how often they are executed.
 */
@Timeout(120)
class SharedBuildIT {
    private static final String OWN = FrontendQuestion.ownArchitecture();
    private static final List<String> FOREIGN = List.of("linux/s390x", "linux/riscv64");

    @TempDir
    static Path folder;

    private static BuildKitProcesses processes;
    private static Witness witness;
    private static String program;

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

    @BeforeAll
    @Timeout(1_800)
    static void start() throws Exception {
        processes = BuildKitProcesses.start(folder);
        witness = new Witness();
        program = processes.pushProgram("crane");
    }

    @AfterAll
    static void stop() throws Exception {
        witness.close();
        processes.stop();
    }

    @BeforeEach
    void forget() throws Exception {
        processes.forgetEverything();
        witness.executions().clear();
    }

    @Test
    void stepsThatPlatformsShareAreExecutedOnceAndTheImagesAreThoseOfSeparateBuilds() throws Exception {
        Requests crossCompiling = request("shared", """
                FROM --platform=$BUILDPLATFORM %1$s AS dependencies
                COPY list /list
                RUN %2$s
                FROM dependencies AS compile
                ARG TARGETARCH
                RUN %3$s
                FROM scratch
                COPY --from=compile /list /list
                WORKDIR /app
                """.formatted(program, step("dependencies"), step("compile")));

        Succeeded together = succeeded(crossCompiling.others(FOREIGN.toArray(String[]::new)));

        assertThat(witness.executions())
                .as(text())
                .containsOnly(Map.entry("dependencies", 1), Map.entry("compile", 1 + FOREIGN.size()));
        assertThat(text().lines())
                .as("every line of a step says which platform it is of")
                .anyMatch(line -> line.startsWith("linux/s390x #"))
                .noneMatch(line -> line.startsWith("#"));
        assertThat(together.others()).extracting(OtherPlatform::platform).isEqualTo(FOREIGN);
        assertThat(together.others())
                .allSatisfy(other -> assertThat(other.total())
                        .as("steps of " + other)
                        .isEqualTo(together.steps().total()));
        processes.forgetEverything();
        assertThat(succeeded(crossCompiling).pushed()).isEqualTo(together.pushed());
        for (OtherPlatform other : together.others()) {
            processes.forgetEverything();
            BuildResult.Pushed alone =
                    succeeded(crossCompiling.platform(other.platform())).pushed();
            assertThat(alone.digest()).as(other.platform()).isEqualTo(other.digest());
            assertThat(alone.mediaType()).isEqualTo(together.pushed().mediaType());
            assertThat(alone.size()).isEqualTo(other.size());
        }
    }

    @Test
    void everyPlatformHasACacheOfItsOwn() throws Exception {
        String cache = processes.registry() + "/cached:cache";
        Requests request = request("cached", "FROM scratch\nCOPY list /list\nWORKDIR /app\n")
                .cache(new Cache(List.of(cache), cache, CacheMode.Max, null, 60))
                .others(FOREIGN.toArray(String[]::new));

        Succeeded first = succeeded(request);
        processes.forgetEverything();
        Succeeded second = succeeded(request);

        assertThat(first.others())
                .allSatisfy(other -> assertThat(
                                Objects.requireNonNull(other.cache()).exportResult())
                        .isEqualTo(ExportResult.Exported));
        assertThat(second.steps().cached()).as(text()).isEqualTo(2);
        assertThat(second.others()).as(text()).extracting(OtherPlatform::cached).containsOnly(2);
    }

    @Test
    void failureNamesThePlatformAndItsStep() throws Exception {
        Requests request = request("broken", """
                FROM --platform=$BUILDPLATFORM %s AS compile
                ARG TARGETARCH
                FROM compile AS for-%s
                FROM compile AS for-s390x
                RUN ["/program", "no-such-command"]
                FROM for-$TARGETARCH
                """.formatted(program, OWN));

        BuildResult result = build(request.others("linux/s390x"));

        assertThat(result).as(text()).isInstanceOfSatisfying(Failed.class, failed -> {
            assertThat(failed.platform()).isEqualTo("linux/s390x");
            assertThat(failed.step()).contains("no-such-command");
        });
    }

    @Test
    void dockerfileThatCrossCompilesIsToldByTheFrontend() throws Exception {
        assertThat(answer("""
                FROM --platform=$BUILDPLATFORM %s AS compile
                ARG TARGETARCH
                RUN %s
                FROM scratch
                COPY --from=compile /program /program
                """.formatted(program, step("any")))).isEqualTo(new CrossCompiling(Answer.Yes, null));
        assertThat(answer("FROM scratch\nCOPY list /list\n"))
                .as("nothing is executed")
                .isEqualTo(new CrossCompiling(Answer.Yes, null));
    }

    @Test
    void dockerfileThatExecutesStepsOnItsTargetIsToldByTheFrontend() throws Exception {
        CrossCompiling ordinary = answer("FROM %s\nRUN %s\n".formatted(program, step("any")));
        CrossCompiling partly = answer("""
                FROM --platform=$BUILDPLATFORM %1$s AS compile
                RUN %2$s
                FROM %1$s
                COPY --from=compile /program /copy
                RUN %2$s
                """.formatted(program, step("any")));

        assertThat(List.of(ordinary, partly)).allSatisfy(answer -> {
            assertThat(answer.answer()).isEqualTo(Answer.No);
            assertThat(answer.detail()).startsWith("linux/s390x: RUN").contains("/program");
        });
    }

    @Test
    void stagesAreThoseOfThePlatformThatIsAskedAbout() throws Exception {
        String dockerfile = """
                FROM --platform=$BUILDPLATFORM %1$s AS for-%3$s
                RUN %2$s
                FROM %1$s AS for-s390x
                RUN %2$s
                FROM for-$TARGETARCH
                """.formatted(program, step("any"), OWN);

        assertThat(answer(dockerfile).answer()).isEqualTo(Answer.No);
    }

    /** Asked after a build for this machine, which executes the same steps whatever the answer is. */
    private CrossCompiling answer(String dockerfile) {
        Succeeded result = succeeded(request("asked", dockerfile).askAbout("linux/" + OWN, "linux/s390x"));
        return Objects.requireNonNull(result.crossCompiling());
    }

    private static String step(String name) {
        return "[\"/program\", \"manifest\", \"--insecure\", \"" + witness.address() + "/witness:" + name + "\"]";
    }

    private static Requests request(String repository, String dockerfile) {
        return Requests.inline(Map.of("Dockerfile", dockerfile, "list", "a\nb\n"))
                .platform("linux/" + OWN)
                .output(new Output(processes.registry() + "/" + repository, Map.of(), Provenance.Disabled, "Commit"))
                .more(Map.of(), Map.of(), null, List.of(), List.of(new Registry(processes.registry(), true, null)));
    }

    private Succeeded succeeded(Requests requests) {
        BuildResult result = build(requests);
        assertThat(result).as(text()).isInstanceOf(Succeeded.class);
        return (Succeeded) result;
    }

    private BuildResult build(Requests requests) {
        Clock clock = Clock.systemUTC();
        WorkerSettings settings =
                TestSettings.in(folder, processes.buildctl(), processes.address(), Duration.ofSeconds(60));
        PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);
        return new Worker(settings, requests::request, out, clock, new Cancellation(), clock.instant()).run();
    }

    private String text() {
        return shown.toString(StandardCharsets.UTF_8);
    }
}
