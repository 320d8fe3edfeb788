package build.kiln.operator.simulation;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import java.util.List;

/** What scheduler and kubelet report. */
final class PodStatuses {
    private PodStatuses() {}

    static PodStatus scheduled(String now) {
        PodStatus status = of(
                "Pending",
                new ContainerStateBuilder()
                        .withNewWaiting()
                        .withReason("ContainerCreating")
                        .endWaiting()
                        .build());
        status.setStartTime(now);
        status.setConditions(List.of(new PodConditionBuilder()
                .withType("PodScheduled")
                .withStatus("True")
                .withLastTransitionTime(now)
                .build()));
        return status;
    }

    /** The scheduler found no node. */
    static PodStatus unschedulable(String now) {
        PodStatus status = new PodStatus();
        status.setPhase("Pending");
        status.setContainerStatuses(List.of());
        status.setConditions(List.of(new PodConditionBuilder()
                .withType("PodScheduled")
                .withStatus("False")
                .withReason("Unschedulable")
                .withMessage("0/3 nodes are available")
                .withLastTransitionTime(now)
                .build()));
        return status;
    }

    static PodStatus running(String now) {
        PodStatus status = of(
                "Running",
                new ContainerStateBuilder()
                        .withNewRunning()
                        .withStartedAt(now)
                        .endRunning()
                        .build());
        status.setStartTime(now);
        return status;
    }

    static PodStatus ended(Pod pod, String now, int exitCode, String reason, String message) {
        PodStatus status = of(
                exitCode == 0 ? "Succeeded" : "Failed",
                new ContainerStateBuilder()
                        .withNewTerminated()
                        .withStartedAt(pod.getStatus().getStartTime())
                        .withFinishedAt(now)
                        .withExitCode(exitCode)
                        .withReason(reason)
                        .withMessage(message)
                        .endTerminated()
                        .build());
        status.setStartTime(pod.getStatus().getStartTime());
        status.setConditions(pod.getStatus().getConditions());
        return status;
    }

    /** The daemon beside the worker was killed. */
    static PodStatus outOfMemory(PodStatus status) {
        ContainerStatus daemon = container(
                "buildkitd",
                new ContainerStateBuilder()
                        .withNewTerminated()
                        .withExitCode(137)
                        .withReason("OOMKilled")
                        .endTerminated()
                        .build());
        return new PodStatusBuilder(status).withInitContainerStatuses(daemon).build();
    }

    /** The launcher refused to run on the node. */
    static PodStatus unsupported(PodStatus status, String now, String symptom) {
        ContainerStatus daemon = container(
                "buildkitd",
                new ContainerStateBuilder()
                        .withNewTerminated()
                        .withExitCode(78)
                        .withFinishedAt(now)
                        .withMessage("kiln-buildkitd: unsupported: " + symptom + ": what is missing; what to do")
                        .endTerminated()
                        .build());
        return new PodStatusBuilder(status).withInitContainerStatuses(daemon).build();
    }

    /** What an eviction or the loss of a node leaves before the pod goes. */
    static PodStatus disrupted(PodStatus status, String reason) {
        return new PodStatusBuilder(status)
                .addNewCondition()
                .withType("DisruptionTarget")
                .withStatus("True")
                .withReason(reason)
                .endCondition()
                .build();
    }

    static boolean hasEnded(Pod pod) {
        String phase = pod.getStatus().getPhase();
        return "Succeeded".equals(phase) || "Failed".equals(phase);
    }

    static boolean isRunning(Pod pod) {
        return "Running".equals(pod.getStatus().getPhase());
    }

    static String describe(Pod pod) {
        List<ContainerStatus> containers = pod.getStatus().getContainerStatuses();
        ContainerState state = containers == null || containers.isEmpty()
                ? null
                : containers.getFirst().getState();
        return pod.getStatus().getPhase()
                + (state == null || state.getTerminated() == null
                        ? ""
                        : " " + state.getTerminated().getExitCode() + " "
                                + state.getTerminated().getReason());
    }

    private static PodStatus of(String phase, ContainerState worker) {
        PodStatus status = new PodStatus();
        status.setPhase(phase);
        status.setContainerStatuses(List.of(container("worker", worker)));
        return status;
    }

    private static ContainerStatus container(String name, ContainerState state) {
        return new ContainerStatusBuilder().withName(name).withState(state).build();
    }
}
