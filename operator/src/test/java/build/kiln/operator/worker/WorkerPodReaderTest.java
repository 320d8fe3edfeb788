package build.kiln.operator.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.operator.failure.NextStep;
import build.kiln.operator.testing.GoldenFile;
import build.kiln.protocol.BuildResult;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerPodReaderTest {
    private static final Instant CREATED = Instant.parse("2026-11-22T10:00:00Z");
    private static final Instant STARTED = CREATED.plusSeconds(4);
    private static final Instant SOON = CREATED.plusSeconds(65);

    private final WorkerPodReader reader = new WorkerPodReader(Duration.ofMinutes(10));

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            new                   | Scheduling        | no node            | 600
            unschedulable         | Unschedulable     | Insufficient cpu   | 600
            volume-on-another-node | WaitingForVolume | node affinity      | 120
            pulling               | PodInitializing   | On node n1         | 600
            image-pull-error      | ImagePullBackOff  | not found          | 181
            secret-gone           | CreateContainerConfigError | secret "push" not found | 181
            deleted-while-waiting | Terminating       | being deleted      | 90
            """)
    void aPodThatDoesNotRunYetSaysWhatItWaitsForAndUntilWhen(
            String file, String reason, String message, long deadline) {
        assertThat(reader.read(pod(file), SOON))
                .asInstanceOf(type(WorkerObservation.Waiting.class))
                .satisfies(waiting -> {
                    assertThat(waiting.reason()).isEqualTo(reason);
                    assertThat(waiting.message()).contains(message);
                    assertThat(waiting.since()).isEqualTo(CREATED);
                    assertThat(waiting.deadline()).isEqualTo(CREATED.plusSeconds(deadline));
                });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            new                    | NoCapacity  | Fail                | No node took pod shop/api-3-linux-arm64-1 within 600 s
            unschedulable          | NoCapacity  | Fail                | Insufficient cpu
            volume-on-another-node | CacheVolumeUnavailable | RetryAfterBackOff | PersistentVolumeClaim api-cache-linux-arm64: 0/2 nodes
            volume-without-id-mapping | CacheVolumeUnavailable | RetryAfterBackOff | ids of a user namespace mapped
            volume-not-mounted     | CacheVolumeUnavailable | RetryAfterBackOff | kiln.build/empty-cache-requested-at
            pulling                | PodRejected | RetryAfterBackOff   | kubectl describe pod -n shop api-3-linux-arm64-1
            image-pull-error       | PodRejected | RetryAfterBackOff   | ImagePullBackOff
            secret-gone            | MissingSecret | RetryAfterBackOff | secret "push" not found
            deleted-while-waiting  | NodeLost    | RetryAfterBackOff   | node n1
            running                | NodeLost    | RetryAfterBackOff   | kubectl describe node n1
            deleted-while-running  | NodeLost    | RetryAfterBackOff   | node n1
            """)
    void everyWaitEndsAtTheDeadlineItNamed(String file, FailureReason reason, NextStep next, String message) {
        Pod pod = pod(file);
        Instant deadline = switch (reader.read(pod, CREATED.plusSeconds(5))) {
            case WorkerObservation.Waiting waiting -> waiting.deadline();
            case WorkerObservation.Running running -> running.deadline();
            case WorkerObservation other -> throw new AssertionError(other);
        };

        assertThat(reader.read(pod, deadline.minusMillis(1))).isNotInstanceOf(WorkerObservation.Failed.class);
        assertFailed(reader.read(pod, deadline), reason, next, message);
    }

    /** The file has a pod that the kubelet has taken and of which it says no more. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            FailedMount            | MountVolume.SetUp failed for volume "docker" : secret "push" not found | 181 | MissingSecret | Create the Secret, or the key in it, in namespace shop.
            FailedMount            | MountVolume.SetUp failed for volume "docker" : references non-existent secret key: .npmrc | 181 | MissingSecret | Create the Secret, or the key in it, in namespace shop.
            FailedMount            | MountVolume.SetUp failed for volume "state" : no space left on device | 600 | PodRejected | no space left
            FailedAttachVolume     | Multi-Attach error for volume "pvc-1" | 600 | PodRejected | Multi-Attach
            FailedCreatePodSandBox | Failed to create pod sandbox: the network plugin is not ready | 181 | PodRejected | network plugin
            NetworkNotReady        | network is not ready | 600 | PodRejected | network is not ready
            """)
    void aPodWithoutContainersWaitsForWhatWasPublishedAboutIt(
            String reason, String message, long deadline, FailureReason failure, String advice) {
        List<PodWarning> warnings = List.of(new PodWarning(reason, message, SOON));
        Pod pod = pod("pulling");

        assertThat(WorkerPodReader.dependsOnWarnings(pod, SOON)).isTrue();
        assertThat(reader.read(pod, warnings, SOON))
                .asInstanceOf(type(WorkerObservation.Waiting.class))
                .satisfies(waiting -> {
                    assertThat(waiting.reason()).isEqualTo(reason);
                    assertThat(waiting.message())
                            .startsWith("On node n1: " + message)
                            .contains(advice)
                            .endsWith("Tried until " + CREATED.plusSeconds(deadline) + ".");
                    assertThat(waiting.deadline()).isEqualTo(CREATED.plusSeconds(deadline));
                    assertThat(waiting.nextLook()).isEqualTo(SOON.plusSeconds(30));
                    assertThat(waiting.unexplained()).isFalse();
                });
        assertFailed(
                reader.read(pod, warnings, CREATED.plusSeconds(deadline)),
                failure,
                NextStep.RetryAfterBackOff,
                advice.isEmpty() ? message : advice);
    }

    @Test
    void withoutAWarningAPodIsLookedAtAgainWithinSeconds() {
        Pod pod = pod("pulling");
        Instant firstLook = CREATED.plusSeconds(1 + 5);

        assertThat(WorkerPodReader.dependsOnWarnings(pod, firstLook.minusMillis(1)))
                .isFalse();
        assertThat(waiting(reader.read(pod, CREATED.plusSeconds(2))).nextLook()).isEqualTo(firstLook);
        assertThat(WorkerPodReader.dependsOnWarnings(pod, firstLook)).isTrue();
        WorkerObservation.Waiting silent = waiting(reader.read(pod, firstLook));
        assertThat(silent.unexplained()).isTrue();
        assertThat(silent.nextLook()).isEqualTo(firstLook.plusSeconds(5));
        assertThat(silent.deadline()).isEqualTo(CREATED.plusSeconds(600));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"new", "unschedulable", "image-pull-error", "running", "succeeded", "deleted-while-waiting"})
    void onlyAPodWithoutContainersCostsAQuestion(String file) {
        assertThat(WorkerPodReader.dependsOnWarnings(pod(file), SOON)).isFalse();
    }

    @Test
    void aPodWhoseSandboxIsReadyHasLeftItsWarningsBehind() {
        Pod pod = pod("pulling");
        pod.getStatus()
                .getConditions()
                .add(new PodConditionBuilder()
                        .withType("PodReadyToStartContainers")
                        .withStatus("True")
                        .build());

        assertThat(WorkerPodReader.dependsOnWarnings(pod, SOON)).isFalse();
        WorkerObservation.Waiting waiting = waiting(
                reader.read(pod, List.of(new PodWarning("FailedMount", "secret \"push\" not found", SOON)), SOON));
        assertThat(waiting.reason()).isEqualTo("PodInitializing");
        assertThat(waiting.unexplained()).isFalse();
    }

    @Test
    void theWarningThatSaysMostIsTold() {
        List<PodWarning> warnings = List.of(
                new PodWarning("FailedMount", "secret \"old\" not found", CREATED.plusSeconds(2)),
                new PodWarning("FailedMount", "secret \"push\" not found", CREATED.plusSeconds(9)),
                new PodWarning(
                        "FailedMount",
                        "Unable to attach or mount volumes: unmounted volumes=[docker]: timed out",
                        CREATED.plusSeconds(20)),
                new PodWarning("PolicyViolation", "label team is missing", CREATED.plusSeconds(30)));

        assertThat(waiting(reader.read(pod("pulling"), warnings, SOON)).message())
                .contains("secret \"push\" not found");
    }

    @Test
    void aRunningBuildHasTheTimeThatThePodHas() {
        assertThat(reader.read(pod("running"), SOON))
                .isEqualTo(new WorkerObservation.Running(
                        STARTED, "n1", CREATED.plusSeconds(2 + 4260).plus(WorkerPodReader.REPORT_GRACE)));
    }

    @Test
    void aSuccessIsReadWhileTheDaemonStillRuns() {
        assertThat(reader.read(pod("succeeded"), SOON))
                .asInstanceOf(type(WorkerObservation.Succeeded.class))
                .satisfies(succeeded -> {
                    assertThat(succeeded.result().pushed())
                            .isEqualTo(new BuildResult.Pushed(
                                    "application/vnd.oci.image.index.v1+json", "sha256:" + "a".repeat(64), 856));
                    assertThat(succeeded.result().steps()).isEqualTo(new BuildResult.Steps(16, 14));
                    assertThat(succeeded.startTime()).isEqualTo(STARTED);
                    assertThat(succeeded.completionTime()).isEqualTo(STARTED.plusSeconds(60));
                    assertThat(succeeded.nodeName()).isEqualTo("n1");
                });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            succeeded-other-platform     | WorkerLost         | RetryAfterBackOff   | another platform
            succeeded-bad-digest         | WorkerLost         | RetryAfterBackOff   | 64 lower-case hexadecimal
            succeeded-bad-media-type     | WorkerLost         | RetryAfterBackOff   | media type
            succeeded-absurd-steps       | WorkerLost         | RetryAfterBackOff   | steps
            succeeded-exit-137           | WorkerLost         | RetryAfterBackOff   | exit code
            no-message                   | WorkerLost         | RetryAfterBackOff   | exit code 1
            not-json                     | WorkerLost         | RetryAfterBackOff   | without a usable result
            invalid-image-name           | PodRejected        | Fail                | invalid reference format
            build-failed                 | BuildFailed        | Fail                | RUN make failed with exit code 7.
            registry-auth-failed         | RegistryAuthFailed | Fail                | Secret shop/pull
            registry-secret-out-of-range | RegistryAuthFailed | Fail                | push to registry.example.com: 401.
            push-failed                  | PushFailed         | RetryAfterBackOff   | 503
            worker-unsupported           | WorkerUnsupported  | Fail                | initial user namespace
            launcher-refused             | WorkerUnsupported  | Fail                | node n1: the pod has no user namespace; use Kubernetes 1.33
            volume-in-use                | CacheVolumeUnavailable | RetryAfterBackOff | another pod holds it
            volume-full                  | OutOfDisk          | RetryAfterBackOff   | raise spec.cache.volume.size
            build-timeout                | DeadlineExceeded   | Fail                | 900 s
            pod-deadline                 | DeadlineExceeded   | Fail                | spec.timeoutSeconds
            worker-out-of-memory         | OutOfMemory        | RetryWithMoreMemory | worker.resources.worker.limits.memory
            daemon-out-of-memory         | OutOfMemory        | RetryWithMoreMemory | spec.worker.resources.limits.memory
            daemon-lost                  | WorkerLost         | RetryAfterBackOff   | The daemon went away.
            evicted-node-pressure        | Evicted            | RetryAfterBackOff   | low on resource: memory
            evicted-empty-dir            | OutOfDisk          | Fail                | worker.stateSizeLimit
            preempted                    | Evicted            | RetryAfterBackOff   | higher priority pod
            told-to-stop                 | WorkerLost         | RetryAfterBackOff   | stopped from outside
            taint-manager                | NodeLost           | RetryAfterBackOff   | NoExecute
            unreachable-while-running    | NodeLost           | RetryAfterBackOff   | NoExecute
            unreachable-while-waiting    | NodeLost           | RetryAfterBackOff   | NoExecute
            status-unknown               | NodeLost           | RetryAfterBackOff   | no longer knows
            node-shutdown                | NodeLost           | RetryAfterBackOff   | shut down
            drained                      | Evicted            | RetryAfterBackOff   | Eviction API: evicting
            pod-gc                       | NodeLost           | RetryAfterBackOff   | node no longer exists
            kubelet-pressure             | Evicted            | RetryAfterBackOff   | low on resource: ephemeral-storage
            critical-pod                 | Evicted            | RetryAfterBackOff   | higher priority
            over-ephemeral-limit         | OutOfDisk          | Fail                | ephemeral-storage
            build-stalled                | BuildStalled       | RetryOnce           | 900 s
            source-unreachable           | SourceNotFound     | RetryAfterBackOff   | 900 s
            pull-failed                  | PullFailed         | RetryAfterBackOff   | 900 s
            push-refused                 | PushFailed         | Fail                | 900 s
            step-killed                  | OutOfMemory        | RetryWithMoreMemory | 900 s
            kubelet-refused              | PodRejected        | RetryAfterBackOff   | OutOfcpu
            """)
    void aFailureIsNamedAndSaysWhetherToTryAgain(String file, FailureReason reason, NextStep next, String message) {
        assertFailed(reader.read(pod(file), SOON), reason, next, message);
    }

    @Test
    void theDetailsOfAFailedBuildAreKeptAndMadeHarmless() {
        WorkerObservation.Failed failed = failed(reader.read(pod("build-failed"), SOON));

        assertThat(failed.details())
                .isEqualTo(new Failure(
                        "linux/arm64",
                        FailureReason.BuildFailed,
                        "RUN make",
                        "Dockerfile:12",
                        7,
                        "one\ntwo\\x1b[31mred\\u202e"));
        assertThat(failed.steps()).isEqualTo(new BuildResult.Steps(16, 14));
        assertThat(failed.startTime()).isEqualTo(STARTED);
    }

    @Test
    void aSecretThatIsNotThereIsNotBlamed() {
        assertThat(failed(reader.read(pod("registry-secret-out-of-range"), SOON))
                        .diagnosis()
                        .message())
                .doesNotContain("Secret");
    }

    private static void assertFailed(
            WorkerObservation observation, FailureReason reason, NextStep next, String message) {
        WorkerObservation.Failed failed = failed(observation);
        assertThat(failed.diagnosis().reason()).isEqualTo(reason);
        assertThat(failed.details().reason()).isEqualTo(reason);
        assertThat(failed.diagnosis().next()).isEqualTo(next);
        assertThat(failed.diagnosis().message()).contains(message);
    }

    private static WorkerObservation.Waiting waiting(WorkerObservation observation) {
        return assertThat(observation)
                .asInstanceOf(type(WorkerObservation.Waiting.class))
                .actual();
    }

    private static WorkerObservation.Failed failed(WorkerObservation observation) {
        return assertThat(observation)
                .asInstanceOf(type(WorkerObservation.Failed.class))
                .actual();
    }

    private static Pod pod(String file) {
        return Serialization.unmarshal(
                GoldenFile.of("worker/observations/" + file + ".yaml").read(), Pod.class);
    }
}
