package build.kiln.operator.testing;

import build.kiln.operator.worker.WorkerLabels;
import build.kiln.protocol.BuildResult;
import build.kiln.protocol.BuildResult.Pushed;
import build.kiln.protocol.BuildResult.Steps;
import build.kiln.protocol.BuildResult.Timings;
import build.kiln.protocol.BuildResultFailedBuilder;
import build.kiln.protocol.FailureReason;
import build.kiln.protocol.ProtocolJson;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** Reports of worker pods what a kubelet would report. */
public final class PlayedKubelet {
    private final KubernetesClient client;

    /** A kubelet that reports through this client. */
    public PlayedKubelet(KubernetesClient client) {
        this.client = client;
    }

    /** The pod has its node, and nothing more. */
    public void take(Pod pod) {
        Pod taken = new PodBuilder(current(pod))
                .editOrNewStatus()
                .withPhase("Pending")
                .withStartTime(now())
                .addNewCondition()
                .withType("PodScheduled")
                .withStatus("True")
                .withLastTransitionTime(now())
                .endCondition()
                .endStatus()
                .build();
        client.resource(taken).updateStatus();
    }

    /** Something is in the way, and the pod's status does not tell. */
    public void warn(Pod pod, String reason, String message) {
        client.v1()
                .events()
                .inNamespace(pod.getMetadata().getNamespace())
                .resource(new EventBuilder()
                        .withNewMetadata()
                        .withGenerateName(pod.getMetadata().getName() + ".")
                        .endMetadata()
                        .withInvolvedObject(new ObjectReferenceBuilder()
                                .withKind("Pod")
                                .withNamespace(pod.getMetadata().getNamespace())
                                .withName(pod.getMetadata().getName())
                                .withUid(pod.getMetadata().getUid())
                                .build())
                        .withType("Warning")
                        .withReason(reason)
                        .withMessage(message)
                        .withFirstTimestamp(now())
                        .withLastTimestamp(now())
                        .withCount(1)
                        .withNewSource()
                        .withComponent("kubelet")
                        .endSource()
                        .build())
                .create();
    }

    /** The worker runs. */
    public void start(Pod pod) {
        report(
                pod,
                "Running",
                new ContainerStateBuilder()
                        .withNewRunning()
                        .withStartedAt(now())
                        .endRunning()
                        .build());
    }

    /** The worker pushed this manifest. */
    public void succeed(Pod pod, Pushed pushed) {
        end(
                pod,
                new BuildResult.Succeeded(
                        WorkerLabels.platform(pod), pushed, new Steps(4, 1), new Timings(1, 2L, 3L), List.of()),
                0);
    }

    /** A step of the Dockerfile failed. */
    public void fail(Pod pod) {
        end(
                pod,
                BuildResultFailedBuilder.builder()
                        .platform(WorkerLabels.platform(pod))
                        .reason(FailureReason.BuildFailed)
                        .message("RUN exit 7 failed with exit code 7 at Dockerfile:3")
                        .step("RUN exit 7")
                        .location("Dockerfile:3")
                        .exitCode(7)
                        .logTail("one\ntwo")
                        .steps(new Steps(4, 1))
                        .timings(new Timings(1, 2L, 3L))
                        .build(),
                1);
    }

    /** The worker gave up for this reason. */
    public void fail(Pod pod, FailureReason reason, String message) {
        end(
                pod,
                BuildResultFailedBuilder.builder()
                        .platform(WorkerLabels.platform(pod))
                        .reason(reason)
                        .message(message)
                        .steps(new Steps(4, 1))
                        .timings(new Timings(1, 2L, 3L))
                        .build(),
                reason.exitCode());
    }

    /** The node's pressure ended the pod before it could say anything. */
    public void evict(Pod pod) {
        Pod ended = new PodBuilder(current(pod))
                .editOrNewStatus()
                .withPhase("Failed")
                .withReason("Evicted")
                .withMessage("The node was low on resource: memory.")
                .endStatus()
                .build();
        client.resource(ended).updateStatus();
    }

    private void end(Pod pod, BuildResult result, int exitCode) {
        report(
                pod,
                exitCode == 0 ? "Succeeded" : "Failed",
                new ContainerStateBuilder()
                        .withNewTerminated()
                        .withStartedAt(now())
                        .withFinishedAt(now())
                        .withExitCode(exitCode)
                        .withReason(exitCode == 0 ? "Completed" : "Error")
                        .withMessage(ProtocolJson.write(result))
                        .endTerminated()
                        .build());
    }

    private void report(Pod pod, String phase, ContainerState state) {
        Pod reported = new PodBuilder(current(pod))
                .editOrNewStatus()
                .withPhase(phase)
                .withStartTime(now())
                .withContainerStatuses()
                .addNewContainerStatus()
                .withName("worker")
                .withImage("worker")
                .withImageID("")
                .withReady(false)
                .withRestartCount(0)
                .withState(state)
                .endContainerStatus()
                .endStatus()
                .build();
        client.resource(reported).updateStatus();
    }

    private Pod current(Pod pod) {
        return client.resource(pod).require();
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
