package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.operator.preflight.Experience;
import build.kiln.operator.preflight.Symptom;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads from a worker pod whether its node could run it. Pure; what the pod says is taken as hostile input. */
public final class WorkerExperience {
    /** How the worker's message begins that repeats what the launcher said. */
    private static final String REPEATED = "The node cannot run this worker: ";

    private WorkerExperience() {}

    /** Empty as long as the pod says neither: also when it failed for another reason. */
    public static Optional<Experience> of(Pod pod) {
        @Nullable Profile profile = profile(pod);
        String node = pod.getSpec().getNodeName();
        if (profile == null || node == null || pod.getStatus() == null) {
            return Optional.empty();
        }
        Optional<ContainerStateTerminated> refused = ends(
                        pod.getStatus().getInitContainerStatuses(), WorkerContainers.BUILDKITD)
                .filter(end -> Objects.equals(end.getExitCode(), EndedWorker.UNSUPPORTED))
                .findFirst();
        Optional<ContainerStateTerminated> worker = ends(
                        pod.getStatus().getContainerStatuses(), WorkerContainers.WORKER)
                .findFirst();
        Optional<Symptom> symptom = refused.flatMap(end -> symptom(end.getMessage(), EndedWorker.UNSUPPORTED_PREFIX))
                .or(() -> worker.flatMap(end -> symptom(end.getMessage(), REPEATED)));
        if (symptom.isPresent()) {
            return Optional.of(experience(pod, node, profile, symptom.get(), refused.or(() -> worker)));
        }
        return worker.filter(end -> Objects.equals(end.getExitCode(), 0))
                .map(end -> experience(pod, node, profile, null, Optional.of(end)));
    }

    private static Experience experience(
            Pod pod, String node, Profile profile, @Nullable Symptom symptom, Optional<ContainerStateTerminated> end) {
        Instant time = end.flatMap(one -> PodFacts.time(one.getFinishedAt()))
                .or(() -> PodFacts.time(pod.getMetadata().getCreationTimestamp()))
                .orElse(Instant.EPOCH);
        return new Experience(pod.getMetadata().getName(), node, profile, symptom, time);
    }

    /** The word between what a message has to contain and the next colon. */
    private static Optional<Symptom> symptom(@Nullable String message, String before) {
        int start = message == null ? -1 : message.indexOf(before);
        if (message == null || start < 0) {
            return Optional.empty();
        }
        int word = start + before.length();
        int end = message.indexOf(':', word);
        return end < 0 ? Optional.empty() : Symptom.named(message.substring(word, end));
    }

    private static @Nullable Profile profile(Pod pod) {
        List<Container> containers = pod.getSpec().getInitContainers();
        String name = Stream.ofNullable(containers)
                .flatMap(List::stream)
                .filter(container -> WorkerContainers.BUILDKITD.equals(container.getName()))
                .flatMap(container -> Stream.ofNullable(container.getEnv()).flatMap(List::stream))
                .filter(variable -> WorkerContainers.PROFILE_VARIABLE.equals(variable.getName()))
                .map(EnvVar::getValue)
                .findFirst()
                .orElse("");
        return Arrays.stream(Profile.values())
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    /** How the container ended, last first. */
    private static Stream<ContainerStateTerminated> ends(@Nullable List<ContainerStatus> statuses, String container) {
        return Stream.ofNullable(statuses)
                .flatMap(List::stream)
                .filter(status -> container.equals(status.getName()))
                .flatMap(status ->
                        Stream.concat(Stream.ofNullable(status.getState()), Stream.ofNullable(status.getLastState())))
                .map(ContainerState::getTerminated)
                .filter(Objects::nonNull);
    }
}
