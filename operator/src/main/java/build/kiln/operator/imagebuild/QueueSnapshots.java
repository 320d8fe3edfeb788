package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.admission.AdmissionLimits;
import build.kiln.operator.admission.AdmissionSnapshot;
import build.kiln.operator.admission.PlatformKey;
import build.kiln.operator.admission.RunningPlatform;
import build.kiln.operator.admission.WaitingPlatform;
import build.kiln.operator.config.OperatorConfiguration.Admission;
import build.kiln.operator.worker.SchedulingGates;
import build.kiln.operator.worker.WorkerLabels;
import build.kiln.operator.worker.WorkerPodReader;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the queue of platforms from live objects. Pure. */
final class QueueSnapshots {
    /** Annotation of a worker pod that was let in before others whose turn it was. */
    static final String OUT_OF_TURN = "kiln.build/out-of-turn";

    private final Admission configured;

    QueueSnapshots(Admission configured) {
        this.configured = configured;
    }

    AdmissionLimits limits(QueueCache cache) {
        return new AdmissionLimits(
                configured.maxRunning(),
                configured.maxRunningPerNamespace(),
                cache.namespaceLimits(),
                configured.maxRunningPerPlatform(),
                Duration.ofSeconds(configured.maxWaitSeconds()));
    }

    AdmissionSnapshot of(QueueCache cache, Instant now) {
        Map<String, ImageBuild> builds = new HashMap<>();
        cache.builds().forEach(build -> builds.put(build.getMetadata().getUid(), build));
        List<RunningPlatform> running = new ArrayList<>();
        List<RunningPlatform> held = new ArrayList<>();
        Set<PlatformKey> existing = new HashSet<>();
        Newest newest = new Newest();
        for (Pod pod : cache.workerPods()) {
            if (!isWorker(pod, builds)) {
                continue;
            }
            existing.add(key(pod));
            newest.look(pod);
            if (!PodObserver.hasEnded(pod) && !WorkerPodReader.isGivenUp(pod, now)) {
                RunningPlatform platform = new RunningPlatform(key(pod), WorkerLabels.platform(pod), isOutOfTurn(pod));
                (SchedulingGates.isHeld(pod) ? held : running).add(platform);
            }
        }
        List<WaitingPlatform> waiting = builds.values().stream()
                .flatMap(build -> waiting(build, cache, now).stream())
                .filter(platform -> !existing.contains(platform.key()))
                .toList();
        return new AdmissionSnapshot(running, held, waiting, newest.outOfTurn, limits(cache), now);
    }

    /** The platforms of a build that want a worker pod now, whether they have one or not. */
    static List<WaitingPlatform> waiting(ImageBuild build, QueueCache cache, Instant now) {
        ImageBuildStatus status = build.getStatus();
        Run run = status == null ? null : status.run();
        if (run == null
                || RunPlanner.phase(run) != Phase.Building
                || build.isMarkedForDeletion()
                || isPaused(run, now)) {
            return List.of();
        }
        List<WaitingPlatform> waiting = new ArrayList<>();
        for (PlatformStatus platform : RunPlanner.platformsOf(status)) {
            if (PlatformProgress.stateOf(platform) == State.Pending
                    && !SinglePod.follows(run, platform.platform())
                    && platform.podName() != null
                    && !CacheVolumes.isHeld(platform)) {
                waiting.add(waiting(
                        build,
                        platform.platform(),
                        new PlatformKey(build.getMetadata().getNamespace(), platform.podName()),
                        cache));
            }
        }
        return waiting;
    }

    /** A platform that waits has the age of its run, in later attempts too: a retry goes before newer runs. */
    static WaitingPlatform waiting(ImageBuild build, String platform, PlatformKey key, QueueCache cache) {
        return new WaitingPlatform(
                key,
                build.getMetadata().getName(),
                platform,
                cache.priority(priorityClass(RunSpec.of(build).getSpec())),
                since(build));
    }

    /** Since when a platform of the build waits. */
    static Instant since(ImageBuild build) {
        ImageBuildStatus status = Objects.requireNonNull(build.getStatus(), "a build with a run has a status");
        Run run = Objects.requireNonNull(status.run(), "a platform waits for the sake of a run");
        return Instant.parse(Objects.requireNonNull(run.startTime(), "a run has a start"));
    }

    private static @Nullable String priorityClass(ImageBuildSpec spec) {
        return spec.worker() == null ? null : spec.worker().priorityClassName();
    }

    private static boolean isPaused(Run run, Instant now) {
        return run.nextTryTime() != null && now.isBefore(Instant.parse(run.nextTryTime()));
    }

    /** A pod that somebody labelled like ours takes no slot. */
    private static boolean isWorker(Pod pod, Map<String, ImageBuild> builds) {
        return owner(pod)
                .map(builds::get)
                .filter(build -> PodObserver.isNamedAsLabelled(build, pod))
                .isPresent();
    }

    private static Optional<String> owner(Pod pod) {
        return pod.getMetadata().getOwnerReferences().stream()
                .filter(owner -> Boolean.TRUE.equals(owner.getController()))
                .map(OwnerReference::getUid)
                .findFirst();
    }

    private static boolean isOutOfTurn(Pod pod) {
        Map<String, String> annotations = pod.getMetadata().getAnnotations();
        return annotations != null && annotations.containsKey(OUT_OF_TURN);
    }

    private static PlatformKey key(Pod pod) {
        return new PlatformKey(
                pod.getMetadata().getNamespace(), pod.getMetadata().getName());
    }

    /** The pod that was created last; times are in whole seconds, of equals the one out of turn counts. */
    private static final class Newest {
        private String time = "";
        private boolean outOfTurn;

        private void look(Pod pod) {
            String created = Objects.requireNonNullElse(pod.getMetadata().getCreationTimestamp(), "");
            int later = created.compareTo(time);
            if (later > 0) {
                time = created;
                outOfTurn = isOutOfTurn(pod);
            } else if (later == 0) {
                outOfTurn |= isOutOfTurn(pod);
            }
        }
    }
}
