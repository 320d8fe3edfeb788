package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.admission.AdmissionSnapshot;
import build.kiln.operator.admission.AdmissionVerdict;
import build.kiln.operator.admission.AdmissionVerdict.Start;
import build.kiln.operator.admission.AdmissionVerdict.Wait;
import build.kiln.operator.admission.PlatformKey;
import build.kiln.operator.admission.PlatformQueue;
import build.kiln.operator.admission.RunningPlatform;
import build.kiln.operator.admission.Turn;
import build.kiln.operator.admission.WaitingPlatform;
import build.kiln.operator.config.OperatorConfiguration.Admission;
import build.kiln.operator.metrics.BuildMetrics;
import build.kiln.operator.metrics.QueueCounts;
import build.kiln.operator.worker.SchedulingGates;
import build.kiln.operator.worker.WorkerAssignment;
import build.kiln.operator.worker.WorkerPodName;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Asks the queue on behalf of builds. Without limits there is none. */
final class PlatformTurns {
    private final PlatformQueue queue = new PlatformQueue();
    private final QueueSnapshots snapshots;
    private final BuildMetrics metrics;
    private final Supplier<Instant> now;

    PlatformTurns(Admission configured, BuildMetrics metrics, Supplier<Instant> now) {
        this.snapshots = new QueueSnapshots(configured);
        this.metrics = metrics;
        this.now = now;
    }

    /** For one reconciliation. */
    Pass during(ClusterCache cache) {
        return new Pass(cache);
    }

    /** Those whose turn it is. */
    static List<WorkerAssignment> admitted(ImageBuild build, List<WorkerAssignment> assignments, Turn turn) {
        return assignments.stream()
                .filter(assignment -> turn.admitted().contains(key(build, assignment)))
                .toList();
    }

    /** The pod, with a mark when it goes before others whose turn it is. */
    static Pod marked(Pod pod, Turn turn) {
        boolean outOfTurn = turn.outOfTurn()
                .contains(new PlatformKey(
                        pod.getMetadata().getNamespace(), pod.getMetadata().getName()));
        return outOfTurn
                ? new PodBuilder(pod)
                        .editMetadata()
                        .addToAnnotations(QueueSnapshots.OUT_OF_TURN, "true")
                        .endMetadata()
                        .build()
                : pod;
    }

    /** The builds of which a platform may start now. */
    Set<WaitingBuild> startable(QueueCache cache) {
        AdmissionSnapshot snapshot = snapshots.of(cache, now.get());
        if (snapshot.waiting().isEmpty()) {
            return Set.of();
        }
        Map<PlatformKey, AdmissionVerdict> verdicts = queue.look(snapshot);
        return snapshot.waiting().stream()
                .filter(platform -> verdicts.get(platform.key()) instanceof Start)
                .map(platform -> new WaitingBuild(platform.key().namespace(), platform.build()))
                .collect(Collectors.toSet());
    }

    QueueCounts counts(QueueCache cache) {
        AdmissionSnapshot snapshot = snapshots.of(cache, now.get());
        Map<PlatformKey, AdmissionVerdict> verdicts = queue.look(snapshot);
        Map<QueueCounts.Queued, Long> queued = new HashMap<>();
        for (WaitingPlatform platform : snapshot.waiting()) {
            if (verdicts.get(platform.key()) instanceof Wait wait) {
                queued.merge(new QueueCounts.Queued(platform.platform(), wait.limit() + "Limit"), 1L, Long::sum);
            }
        }
        for (RunningPlatform platform : snapshot.held()) {
            queued.merge(new QueueCounts.Queued(platform.platform(), SchedulingGates.HELD), 1L, Long::sum);
        }
        return new QueueCounts(
                queued,
                snapshot.running().stream()
                        .collect(Collectors.groupingBy(RunningPlatform::platform, Collectors.counting())));
    }

    private static Set<PlatformKey> keys(ImageBuild build, List<WorkerAssignment> assignments) {
        return assignments.stream().map(assignment -> key(build, assignment)).collect(Collectors.toSet());
    }

    private static PlatformKey key(ImageBuild build, WorkerAssignment assignment) {
        return new PlatformKey(build.getMetadata().getNamespace(), podName(build, assignment));
    }

    private static String podName(ImageBuild build, WorkerAssignment assignment) {
        return WorkerPodName.of(
                build.getMetadata().getName(), assignment.run(), assignment.platform(), assignment.attempt());
    }

    /** What one reconciliation asks the queue, and was told. */
    final class Pass {
        private final ClusterCache cache;
        private Map<String, Wait> waits = Map.of();

        private Pass(ClusterCache cache) {
            this.cache = cache;
        }

        /** Asks for the turn of platforms; it has to be given back. */
        Turn take(ImageBuild build, List<WorkerAssignment> assignments) {
            if (snapshots.limits(cache).areOpen()) {
                return new Turn(keys(build, assignments), Set.of(), Map.of());
            }
            List<WaitingPlatform> wanted = assignments.stream()
                    .map(assignment ->
                            QueueSnapshots.waiting(build, assignment.platform(), key(build, assignment), cache))
                    .toList();
            Turn turn = queue.take(() -> snapshots.of(cache, now.get()), wanted);
            waits = turn.waits().entrySet().stream()
                    .collect(Collectors.toMap(wait -> wait.getKey().pod(), Map.Entry::getValue));
            return turn;
        }

        /** Gives the turn back, once the pods that could be created were. */
        void giveBack(Turn turn, ImageBuild build, List<WorkerAssignment> assignments) {
            Set<String> pods = cache.pods(build).stream()
                    .map(pod -> pod.getMetadata().getName())
                    .collect(Collectors.toSet());
            queue.giveBack(turn, key -> pods.contains(key.pod()), now.get());
            assignments.stream()
                    .filter(assignment -> assignment.attempt() == 1)
                    .filter(assignment -> turn.admitted().contains(key(build, assignment)))
                    .filter(assignment -> pods.contains(podName(build, assignment)))
                    .forEach(assignment -> metrics.turn(
                            assignment.platform(), Duration.between(QueueSnapshots.since(build), now.get())));
        }

        /** Why platforms may not start yet, by the names of their pods. */
        Map<String, Wait> waits() {
            return waits;
        }
    }
}
