package build.kiln.operator.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.failure.FailureClass;
import build.kiln.operator.testing.Recording;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a real cluster said of worker pods that failed, each in one of the ways that have a meaning, and what it means.
 * {@code RecordFailuresE2e} makes the recordings.
 */
class RecordedFailuresTest {
    private static final Duration START_TIMEOUT = Duration.ofMinutes(10);
    private static final Instant LONG_AFTER = Instant.parse("2126-01-01T00:00:00Z");

    private final WorkerPodReader reader = new WorkerPodReader(START_TIMEOUT);

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            unschedulable            | UNSCHEDULABLE       | didn't match Pod's node affinity/selector
            kubelet-out-of-cpu       | REFUSED_BY_KUBELET  | OutOfcpu
            image-not-found          | IMAGE_NOT_PULLED    | not found
            image-not-found-back-off | IMAGE_NOT_PULLED    | not found
            image-name-invalid       | IMAGE_NAME_INVALID  | InvalidImageName
            secret-not-found         | SECRET_GONE         | secret "push" not found
            secret-key-not-found     | SECRET_GONE         | .npmrc
            sandbox-failed           | NOT_STARTED         | no-such-handler
            worker-out-of-memory     | OUT_OF_MEMORY       | worker
            node-unsupported         | NODE_UNSUPPORTED    | user namespace
            evicted-over-disk-limit  | OVER_DISK_LIMIT     | worker.stateSizeLimit
            deadline-passed          | DEADLINE_PASSED     | spec.timeoutSeconds
            worker-killed            | NO_RESULT           | exit code 137
            deleted                  | STOPPED             | stopped from outside
            deleted-right-after-its-start | STOPPED        | stopped from outside
            evicted                  | EVICTED             | Eviction API
            preempted                | PREEMPTED           | preempt
            taken-from-its-node      | NODE_GONE           | Taint manager
            """)
    void whatWasRecordedMeansThis(String file, OfPod evidence, String message) {
        assertThat(meaning(file))
                .extracting(Diagnosis::reason, Diagnosis::failureClass, Diagnosis::next)
                .containsExactly(
                        row(evidence).reason(),
                        row(evidence).failureClass(),
                        row(evidence).next());
        assertThat(meaning(file).message()).contains(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            build-failed         | BuildFailed        | exit code 7
            step-out-of-memory   | OutOfMemory        | spec.retry.memoryFactor
            registry-auth-failed | RegistryAuthFailed | 401
            """)
    void whatAWorkerReportedMeansThis(String file, build.kiln.protocol.FailureReason reason, String message) {
        assertThat(meaning(file).with("")).isEqualTo(Diagnosis.of(new Evidence.Reported(reason), ""));
        assertThat(meaning(file).message()).contains(message);
    }

    /** Obstacles that end by themselves or are given up: told at once, and given up at the deadline. */
    @ParameterizedTest
    @CsvSource({
        "unschedulable, Unschedulable",
        "image-not-found, ErrImagePull",
        "image-not-found-back-off, ImagePullBackOff",
        "secret-not-found, FailedMount",
        "secret-key-not-found, FailedMount",
        "sandbox-failed, FailedCreatePodSandBox"
    })
    void whatAPodWaitsForIsToldWithinSeconds(String file, String reason) {
        Recording recording = Recording.of(file);
        Instant seen = recording.created().plusSeconds(10);

        assertThat(reader.read(recording.pod(), warnings(recording), seen))
                .isInstanceOfSatisfying(
                        WorkerObservation.Waiting.class,
                        waiting -> assertThat(waiting.reason()).isEqualTo(reason));
    }

    /**
     * The class Cancelled is what people ask for; nothing that a cluster says means it. Of cache volumes the node of the
     * recordings has none that fail.
     */
    @Test
    void everyClassAndEveryKindOfPodEvidenceIsRecorded() {
        List<Diagnosis> recorded = Recording.all().stream()
                .filter(Recording::isOfPod)
                .map(recording -> meaning(recording).with(""))
                .toList();

        assertThat(recorded)
                .containsAll(EnumSet.complementOf(EnumSet.of(OfPod.CACHE_VOLUME_UNAVAILABLE)).stream()
                        .map(RecordedFailuresTest::row)
                        .toList());
        Set<FailureClass> classes =
                recorded.stream().map(Diagnosis::failureClass).collect(Collectors.toSet());
        assertThat(classes).isEqualTo(EnumSet.complementOf(EnumSet.of(FailureClass.Cancelled)));
    }

    private Diagnosis meaning(String file) {
        return meaning(Recording.of(file));
    }

    private Diagnosis meaning(Recording recording) {
        return assertThat(reader.read(recording.pod(), warnings(recording), LONG_AFTER))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.type(WorkerObservation.Failed.class))
                .actual()
                .diagnosis();
    }

    private static List<PodWarning> warnings(Recording recording) {
        return recording.warnings();
    }

    private static Diagnosis row(OfPod evidence) {
        return Diagnosis.of(evidence, "");
    }
}
