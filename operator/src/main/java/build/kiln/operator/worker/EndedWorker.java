package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.Failure;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.MalformedDocumentException;
import build.kiln.protocol.ProtocolJson;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.Volume;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads the result of a worker container that has ended. */
final class EndedWorker {
    /** Exit code of the launcher on a node that lacks what the security profile needs. */
    static final int UNSUPPORTED = 78;

    /** Exit code of the launcher that cannot use the cache volume. */
    private static final int UNUSABLE_VOLUME = 75;

    private static final String LAUNCHER_PREFIX = "kiln-buildkitd: cache volume: ";
    static final String UNSUPPORTED_PREFIX = "kiln-buildkitd: unsupported: ";
    private static final int LONGEST_MESSAGE = 1500;
    private static final int LONGEST_STEP = 300;
    private static final int LONGEST_LOG = 4096;

    private final PodFacts pod;
    private final ContainerStateTerminated end;

    EndedWorker(PodFacts pod, ContainerStateTerminated end) {
        this.pod = pod;
        this.end = end;
    }

    WorkerObservation read() {
        BuildResult result;
        try {
            result = ProtocolJson.readResult(end.getMessage());
            ResultCheck.check(result, RequestedOfPod.platforms(pod), exitCode());
        } catch (MalformedDocumentException | ResultCheck.RefusedException e) {
            return silent(String.valueOf(e.getMessage()));
        }
        return switch (result) {
            case BuildResult.Succeeded succeeded ->
                new WorkerObservation.Succeeded(
                        succeeded, started().orElseGet(pod::acknowledged), ended(), String.valueOf(pod.nodeName()));
            case BuildResult.Failed failed -> reported(failed);
        };
    }

    /** The worker says what happened, except where it only felt the consequence. */
    private WorkerObservation reported(BuildResult.Failed failed) {
        return switch (failed.reason()) {
            case Cancelled, WorkerLost ->
                cause().map(cause -> failure(pod, cause, failed.steps(), started(), ended()))
                        .orElseGet(() -> failed.reason() == build.kiln.protocol.FailureReason.Cancelled
                                ? failure(pod, stopped(), failed.steps(), started(), ended())
                                : translated(failed));
            case BuildFailed,
                    InvalidDockerfile,
                    SourceNotFound,
                    SourceAuthFailed,
                    RegistryAuthFailed,
                    RegistryRepositoryMissing,
                    PushFailed,
                    InvalidSpec,
                    DeadlineExceeded,
                    BuildStalled,
                    OutOfMemory,
                    OutOfDisk,
                    PullFailed,
                    PushRefused,
                    SourceUnreachable,
                    WorkerUnsupported,
                    CacheVolumeUnavailable -> translated(failed);
        };
    }

    private WorkerObservation.Failed translated(BuildResult.Failed failed) {
        Diagnosis diagnosis = Diagnosis.of(
                new Evidence.Reported(failed.reason()),
                HostileText.lines(failed.message(), LONGEST_MESSAGE)
                        + blamed(failed.registrySecret())
                        + CacheVolumeFailure.advice(pod, failed.reason()));
        Failure details = new Failure(
                failed.platform(),
                diagnosis.reason(),
                shown(failed.step(), LONGEST_STEP),
                shown(failed.location(), LONGEST_STEP),
                failed.exitCode(),
                failed.logTail() == null ? null : HostileText.lastLines(failed.logTail(), LONGEST_LOG));
        return new WorkerObservation.Failed(
                diagnosis, details, failed.steps(), started().orElse(null), ended(), pod.nodeName());
    }

    /** The worker knows a Secret only by its number; the pod knows the name. */
    private String blamed(@Nullable Integer secret) {
        if (secret == null || pod.pod().getSpec().getVolumes() == null) {
            return "";
        }
        return pod.pod().getSpec().getVolumes().stream()
                .filter(volume -> WorkerVolumes.DOCKER.equals(volume.getName()))
                .map(Volume::getProjected)
                .filter(projected -> projected != null
                        && secret >= 0
                        && secret < projected.getSources().size())
                .map(projected -> projected.getSources().get(secret).getSecret())
                .filter(Objects::nonNull)
                .map(source -> "\nThe credentials are those of Secret "
                        + pod.pod().getMetadata().getNamespace() + "/" + source.getName() + ".")
                .findFirst()
                .orElse("");
    }

    /** The container ended without a result that can be used. */
    private WorkerObservation silent(String problem) {
        Diagnosis cause = cause().orElseGet(() -> switch (end.getReason()) {
            case "OOMKilled" ->
                outOfMemory(
                        WorkerContainers.WORKER, "worker.resources.worker.limits.memory in the configuration of Kiln");
            case "ContainerStatusUnknown" -> PodCause.nodeGone(pod, "the kubelet no longer knows how the worker ended");
            // A worker that is told to stop right after its start may end before it can say so.
            case null, default -> pod.deletionDue().isPresent() ? stopped() : lost(problem);
        });
        return failure(pod, cause, BuildResult.Steps.NONE, started(), ended());
    }

    private Diagnosis lost(String problem) {
        return Diagnosis.of(
                OfPod.NO_RESULT,
                "The worker in pod " + pod.name() + " ended with exit code " + exitCode() + " ("
                        + HostileText.line(String.valueOf(end.getReason()), 100)
                        + ") and without a usable result: " + HostileText.line(problem, 300));
    }

    private Diagnosis stopped() {
        return Diagnosis.of(
                OfPod.STOPPED, "Pod " + pod.name() + " was stopped from outside before the build was done.");
    }

    private Optional<Diagnosis> cause() {
        return PodCause.of(pod).or(() -> ofDaemon(pod));
    }

    /** What the end of the daemon's container says, where it says something. */
    static Optional<Diagnosis> ofDaemon(PodFacts pod) {
        return pod.daemonEnd().flatMap(daemon -> {
            if (Objects.equals(daemon.getExitCode(), UNSUPPORTED)) {
                String message = String.valueOf(daemon.getMessage()).strip();
                String detail = message.startsWith(UNSUPPORTED_PREFIX)
                        ? message.substring(UNSUPPORTED_PREFIX.length())
                        : message;
                return Optional.of(Diagnosis.of(
                        OfPod.NODE_UNSUPPORTED,
                        "A worker cannot run on " + pod.node() + ": " + HostileText.line(detail, LONGEST_MESSAGE)));
            }
            if (Objects.equals(daemon.getExitCode(), UNUSABLE_VOLUME)
                    && pod.claimName().isPresent()) {
                String message = String.valueOf(daemon.getMessage()).strip();
                return Optional.of(CacheVolumeFailure.of(
                        pod,
                        message.startsWith(LAUNCHER_PREFIX) ? message.substring(LAUNCHER_PREFIX.length()) : message));
            }
            return "OOMKilled".equals(daemon.getReason())
                    ? Optional.of(outOfMemory(WorkerContainers.BUILDKITD, "spec.worker.resources.limits.memory"))
                    : Optional.empty();
        });
    }

    private static Diagnosis outOfMemory(String container, String setting) {
        return Diagnosis.of(
                OfPod.OUT_OF_MEMORY,
                "Container " + container + " was killed because it used more memory than it may. Raise " + setting
                        + ", or set spec.retry.memoryFactor.");
    }

    static WorkerObservation.Failed failure(
            PodFacts pod, Diagnosis cause, BuildResult.Steps steps, Optional<Instant> started, Instant ended) {
        Failure details = new Failure(pod.platform(), cause.reason(), null, null, null, null);
        return new WorkerObservation.Failed(cause, details, steps, started.orElse(null), ended, pod.nodeName());
    }

    private Optional<Instant> started() {
        return PodFacts.time(end.getStartedAt());
    }

    private Instant ended() {
        return PodFacts.time(end.getFinishedAt()).orElseGet(pod::now);
    }

    private int exitCode() {
        return Objects.requireNonNullElse(end.getExitCode(), -1);
    }

    private static @Nullable String shown(@Nullable String text, int length) {
        return text == null || text.isBlank() ? null : HostileText.line(text, length);
    }
}
