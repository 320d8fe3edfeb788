package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.protocol.FailureReason;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every way a build is known to fail gets the reason and the advice that fit it. */
class FailureCorpusTest {
    private static final ObjectWriter PRETTY = Json.MAPPER.writerWithDefaultPrettyPrinter();

    static List<String> recordings() {
        return Golden.cases("corpus", ".log");
    }

    @ParameterizedTest
    @MethodSource("recordings")
    void recordedFailureIsUnderstood(String name) throws Exception {
        Diagnosis diagnosis = classify(name);

        Golden.assertMatches("corpus/" + name + ".json", PRETTY.writeValueAsString(diagnosis) + "\n");
    }

    /** Independent of the recorded expectations: the name of a case says what the reason may be. */
    @ParameterizedTest
    @MethodSource("recordings")
    void reasonFitsTheKindOfCase(String name) throws Exception {
        Diagnosis diagnosis = classify(name);

        assertThat(diagnosis.message()).isNotBlank().doesNotContain("wrong").endsWith(".");
        switch (name.substring(0, name.indexOf('-'))) {
            case "run", "command", "copy", "exec", "add", "two", "cache" ->
                assertThat(diagnosis.reason()).isIn(FailureReason.BuildFailed, FailureReason.OutOfMemory);
            case "disk" -> assertThat(diagnosis.reason()).isEqualTo(FailureReason.OutOfDisk);
            case "daemon" -> assertThat(diagnosis.reason()).isEqualTo(FailureReason.WorkerLost);
            case "unknown", "no", "empty", "from", "bad", "syntax" ->
                assertThat(diagnosis.reason()).isEqualTo(FailureReason.InvalidDockerfile);
            default ->
                assertThat(diagnosis.reason().name().toLowerCase(Locale.ROOT)).isNotEqualTo("workerlost");
        }
    }

    @Test
    void failedStepIsNamedWithItsPlaceItsExitCodeAndItsLastLines() throws Exception {
        Diagnosis diagnosis = classify("run-exit-7");

        assertThat(diagnosis.reason()).isEqualTo(FailureReason.BuildFailed);
        assertThat(diagnosis.exitCode()).isEqualTo(7);
        assertThat(diagnosis.location()).isEqualTo("Dockerfile:5");
        assertThat(diagnosis.step()).startsWith("RUN echo compiling");
        assertThat(diagnosis.logTail()).isEqualTo("compiling\nmain.c:3: error: expected ';'");
    }

    @Test
    void ofTwoStepsTheOneThatFailedIsNamedAndNotTheOneThatWasStopped() throws Exception {
        Diagnosis diagnosis = classify("two-failures");

        assertThat(diagnosis.step()).isEqualTo("RUN sleep 1; echo first; exit 3");
        assertThat(diagnosis.exitCode()).isEqualTo(3);
    }

    @Test
    void refusedCredentialsPointToTheirSecret() throws Exception {
        assertThat(classify("push-wrong-password").registrySecret()).isEqualTo(1);
        assertThat(classify("push-unauthorized").registrySecret()).isNull();
        assertThat(classify("push-wrong-password").message()).contains("private.example.com:5443");
    }

    @Test
    void whatAStepPrintsCannotChangeTheReason() throws Exception {
        ClientErrors errors = new ClientErrors();
        for (String line : List.of(
                "Dockerfile:2",
                "--------------------",
                "   2 | >>> RUN echo 'failed to push x: 401 Unauthorized'; false",
                "--------------------",
                "error: failed to solve: process \"/bin/sh -c echo 'failed to push x: 401 Unauthorized'; false\" did not"
                        + " complete successfully: exit code: 1")) {
            errors.add(line.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        RecordedBuild any = RecordedBuild.read("corpus/run-exit-7.log");

        Diagnosis diagnosis =
                new FailureClassifier(any.request(), any.inputs(), new BuildGraph(), errors, null).classify();

        assertThat(diagnosis.reason()).isEqualTo(FailureReason.BuildFailed);
        assertThat(diagnosis.exitCode()).isEqualTo(1);
    }

    private static Diagnosis classify(String name) throws Exception {
        RecordedBuild recorded = RecordedBuild.read("corpus/" + name + ".log");
        return new FailureClassifier(recorded.request(), recorded.inputs(), recorded.graph(), recorded.errors(), null)
                .classify();
    }
}
