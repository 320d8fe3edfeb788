package build.kiln.operator.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.operator.preflight.Experience;
import build.kiln.operator.preflight.Symptom;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerExperienceTest {
    private static final String REFUSED =
            "terminated: {exitCode: 78, finishedAt: \"2026-11-23T10:00:05Z\", message: \"kiln-buildkitd: unsupported: ProcMasked: /proc is masked; do\"}";
    private static final String RUNNING = "running: {startedAt: \"2026-11-23T10:00:04Z\"}";

    @Test
    void theLauncherNamesWhatIsMissing() {
        assertThat(read("Rootless", "state: {" + REFUSED + "}", RUNNING)).isEqualTo(refused(Profile.Rootless, 5));
    }

    @Test
    void theKubeletHasStartedItAgainSince() {
        assertThat(read(
                        "Baseline",
                        "state: {waiting: {reason: CrashLoopBackOff}}, lastState: {" + REFUSED + "}",
                        RUNNING))
                .isEqualTo(refused(Profile.Baseline, 5));
        assertThat(read("Baseline", "state: {terminated: {exitCode: 143}}, lastState: {" + REFUSED + "}", RUNNING))
                .isEqualTo(refused(Profile.Baseline, 5));
    }

    @Test
    void theWorkerRepeatsWhatTheLauncherSaid() {
        assertThat(
                        read(
                                "Baseline",
                                "state: {terminated: {exitCode: 143}}",
                                "terminated: {exitCode: 3, finishedAt: \"2026-11-23T10:00:07Z\", message: '{\"message\":\"The node cannot run this worker: ProcMasked: /proc\"}'}"))
                .isEqualTo(refused(Profile.Baseline, 7));
    }

    @Test
    void aWorkerThatDidItsWorkCouldRun() {
        assertThat(read(
                        "Baseline",
                        "state: {terminated: {exitCode: 0}}",
                        "terminated: {exitCode: 0, finishedAt: \"2026-11-23T10:00:09Z\", message: '{}'}"))
                .isEqualTo(new Experience("p", "n1", Profile.Baseline, null, Instant.parse("2026-11-23T10:00:09Z")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "state: {terminated: {exitCode: 78, message: \"kiln-buildkitd: unsupported: NotYetKnown: of another release\"}}",
                "state: {terminated: {exitCode: 78, message: \"anything: ProcMasked: \"}}",
                "state: {terminated: {exitCode: 1, message: \"kiln-buildkitd: unsupported: ProcMasked: no\"}}",
                "state: {running: {}}",
                "state: {}"
            })
    void whatSaysNothingOfTheNodeIsNone(String daemon) {
        assertThat(read("Baseline", daemon, "terminated: {exitCode: 1}")).isNull();
        assertThat(read("Unknown", daemon, "terminated: {exitCode: 0}")).isNull();
    }

    private static Experience refused(Profile profile, int second) {
        return new Experience(
                "p",
                "n1",
                profile,
                Symptom.ProcMasked,
                Instant.parse("2026-11-23T10:00:00Z").plusSeconds(second));
    }

    private static @Nullable Experience read(String profile, String daemon, String worker) {
        return WorkerExperience.of(Serialization.unmarshal("""
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: p}
                        spec:
                          nodeName: n1
                          initContainers: [{name: buildkitd, env: [{name: KILN_PROFILE, value: %s}]}]
                        status:
                          initContainerStatuses: [{name: buildkitd, %s}]
                          containerStatuses: [{name: worker, state: {%s}}]
                        """.formatted(profile, daemon, worker), Pod.class))
                .orElse(null);
    }
}
