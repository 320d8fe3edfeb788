package build.kiln.operator.simulation;

import build.kiln.operator.placement.NodeView;
import build.kiln.operator.preflight.NodeSoftware;
import build.kiln.operator.worker.PodWarning;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;

/** Scheduler, kubelets, garbage collector: everything that moves pods. */
final class Machines {
    private static final List<String> NODES = List.of("node-1", "node-2", "node-3");
    private static final long SLOWEST_START_MILLIS = 20_000;
    private static final long LONGEST_HOLD_UP_MILLIS = 900_000;
    private static final long SLOWEST_BUILD_MILLIS = 120_000;
    private static final long LOST_AFTER_MILLIS = 300_000;

    private static final long SCHEDULER_PAUSE_MILLIS = 5_000;

    /** What keeps pods off a node that runs. */
    private enum Scarcity {
        CORDONED,
        FULL,
        GONE
    }

    private final World world;
    private final Set<String> stopped = new HashSet<>();
    private final Map<String, Scarcity> scarce = new HashMap<>();
    private final Map<String, Long> stoppedAt = new HashMap<>();
    private final Map<String, Long> due = new HashMap<>();
    private final Map<String, List<PodWarning>> warnings = new HashMap<>();

    Machines(World world) {
        this.world = world;
    }

    List<NodeView> nodes() {
        return NODES.stream()
                .filter(node -> scarce.get(node) != Scarcity.GONE)
                .map(node -> new NodeView(
                        node,
                        Map.of("kubernetes.io/arch", architecture(node)),
                        !stopped.contains(node),
                        scarce.get(node) != Scarcity.CORDONED,
                        List.of(),
                        Map.of(),
                        NodeSoftware.UNKNOWN))
                .toList();
    }

    /** The third node is an Arm machine. */
    private static String architecture(String node) {
        return node.equals("node-3") ? "arm64" : "amd64";
    }

    void changeNode() {
        String node = NODES.get(world.random().nextInt(NODES.size()));
        if (scarce.remove(node) == null) {
            List<Scarcity> all = List.of(Scarcity.values());
            scarce.put(node, all.get(world.random().nextInt(all.size())));
        }
        world.log("node", node, String.valueOf(scarce.get(node)));
    }

    void stopNode() {
        String node = NODES.get(world.random().nextInt(NODES.size()));
        if (stopped.add(node)) {
            stoppedAt.put(node, world.now());
            world.log("node stopped:", node);
        }
    }

    boolean isStopped(Pod pod) {
        return pod.getSpec().getNodeName() != null
                && stopped.contains(pod.getSpec().getNodeName());
    }

    void startNodes() {
        stopped.clear();
        stoppedAt.clear();
        scarce.clear();
        world.log("all nodes run");
    }

    void evict() {
        Pod pod = anyPod();
        if (pod != null && isLive(pod)) {
            world.log("evicted:", Table.key(pod));
            world.api().updatePod(pod, pod.getSpec(), PodStatuses.disrupted(pod.getStatus(), "EvictionByEvictionAPI"));
            world.api().deletePod(Table.key(pod));
        }
    }

    void delete() {
        Pod pod = anyPod();
        if (pod != null) {
            world.log("deleted by somebody:", Table.key(pod));
            world.api().deletePod(Table.key(pod));
        }
    }

    static boolean isLive(Pod pod) {
        return pod.getMetadata().getDeletionTimestamp() == null && !PodStatuses.hasEnded(pod);
    }

    /** Moves one pod that is due; false when none is. */
    boolean move() {
        List<Pod> movable = new ArrayList<>();
        for (Pod pod : world.api().pods.all()) {
            if (dueTime(pod) <= world.now()) {
                movable.add(pod);
            }
        }
        if (movable.isEmpty()) {
            return false;
        }
        move(movable.get(world.random().nextInt(movable.size())));
        return true;
    }

    OptionalLong nextDue() {
        return world.api().pods.all().stream()
                .mapToLong(this::dueTime)
                .filter(time -> time < Long.MAX_VALUE)
                .min();
    }

    /** What kubelets published about the pods of a namespace, if it is not gone. */
    Map<String, List<PodWarning>> warnings(String namespace) {
        Map<String, List<PodWarning>> published = new HashMap<>();
        for (Pod pod : world.api().pods.all()) {
            List<PodWarning> ofPod = warnings.get(pod.getMetadata().getUid());
            if (ofPod != null
                    && pod.getMetadata().getNamespace().equals(namespace)
                    && !world.strikes(Fault.HELD_UP_STARTS, 4)) {
                published.put(pod.getMetadata().getUid(), ofPod);
            }
        }
        return published;
    }

    private long startDuration(Pod pod) {
        if (!world.strikes(Fault.HELD_UP_STARTS, 8)) {
            return world.random().nextLong(SLOWEST_START_MILLIS);
        }
        PodWarning warning = world.random().nextBoolean()
                ? new PodWarning("FailedMount", "secret \"push\" not found", Instant.ofEpochMilli(world.now()))
                : new PodWarning("FailedCreatePodSandBox", "no network", Instant.ofEpochMilli(world.now()));
        warnings.put(pod.getMetadata().getUid(), List.of(warning));
        world.log("held up:", Table.key(pod), warning.reason());
        return world.random().nextLong(LONGEST_HOLD_UP_MILLIS);
    }

    private @org.jspecify.annotations.Nullable Pod anyPod() {
        List<Pod> pods = List.copyOf(world.api().pods.all());
        return pods.isEmpty() ? null : pods.get(world.random().nextInt(pods.size()));
    }

    private long dueTime(Pod pod) {
        if (world.api().isGarbage(pod) && pod.getMetadata().getDeletionTimestamp() == null) {
            return 0;
        }
        String node = pod.getSpec().getNodeName();
        if (node != null && stopped.contains(node)) {
            return Objects.requireNonNull(stoppedAt.get(node)) + LOST_AFTER_MILLIS;
        }
        if (pod.getMetadata().getDeletionTimestamp() != null) {
            return 0;
        }
        if (PodStatuses.hasEnded(pod)) {
            return Long.MAX_VALUE;
        }
        return due.computeIfAbsent(pod.getMetadata().getUid() + stage(pod), key -> world.now() + duration(pod));
    }

    private long duration(Pod pod) {
        return switch (stage(pod)) {
            case "pending" -> world.random().nextInt(2_000);
            case "starting" -> startDuration(pod);
            default ->
                world.strikes(Fault.WORKER_FAILURES, 50)
                        ? Objects.requireNonNull(pod.getSpec().getActiveDeadlineSeconds()) * 1000
                        : world.random().nextLong(SLOWEST_BUILD_MILLIS);
        };
    }

    private static String stage(Pod pod) {
        return pod.getSpec().getNodeName() == null ? "pending" : PodStatuses.isRunning(pod) ? "running" : "starting";
    }

    private void move(Pod pod) {
        String key = Table.key(pod);
        String node = pod.getSpec().getNodeName();
        if (world.api().isGarbage(pod) && pod.getMetadata().getDeletionTimestamp() == null) {
            world.api().deletePod(key);
        } else if (node != null && stopped.contains(node)) {
            lost(pod);
        } else if (pod.getMetadata().getDeletionTimestamp() != null) {
            ended(pod);
        } else {
            advance(pod);
        }
    }

    /** The node controller gives a pod up, and removes it in the end. */
    private void lost(Pod pod) {
        if (pod.getMetadata().getDeletionTimestamp() == null) {
            world.log("node controller gives up:", Table.key(pod));
            world.api().updatePod(pod, pod.getSpec(), PodStatuses.disrupted(pod.getStatus(), "DeletionByTaintManager"));
            world.api().deletePod(Table.key(pod));
        } else if (world.random().nextInt(4) == 0) {
            world.api().removePod(Table.key(pod));
        }
    }

    /** A kubelet ends a pod that was deleted. */
    private void ended(Pod pod) {
        if (PodStatuses.isRunning(pod) && world.random().nextBoolean()) {
            world.api().updatePod(pod, pod.getSpec(), Workers.stopped(world, pod));
        } else {
            world.api().removePod(Table.key(pod));
        }
    }

    private List<String> usable(PodSpec pod) {
        List<String> architectures = architectures(pod);
        return NODES.stream()
                .filter(node -> !stopped.contains(node) && !scarce.containsKey(node))
                .filter(node -> architectures.contains(architecture(node)))
                .toList();
    }

    private static List<String> architectures(PodSpec pod) {
        String selected = pod.getNodeSelector().get("kubernetes.io/arch");
        return selected != null
                ? List.of(selected)
                : pod.getAffinity()
                        .getNodeAffinity()
                        .getRequiredDuringSchedulingIgnoredDuringExecution()
                        .getNodeSelectorTerms()
                        .getFirst()
                        .getMatchExpressions()
                        .getFirst()
                        .getValues();
    }

    private void advance(Pod pod) {
        PodStatus next;
        PodSpec spec = pod.getSpec();
        switch (stage(pod)) {
            case "pending" -> {
                List<String> usable = usable(spec);
                if (usable.isEmpty()) {
                    due.put(pod.getMetadata().getUid() + "pending", world.now() + SCHEDULER_PAUSE_MILLIS);
                    if (pod.getStatus().getConditions().isEmpty()) {
                        world.api()
                                .updatePod(
                                        pod,
                                        spec,
                                        PodStatuses.unschedulable(world.api().now()));
                    }
                    return;
                }
                spec = new PodSpecBuilder(spec)
                        .withNodeName(usable.get(world.random().nextInt(usable.size())))
                        .build();
                next = PodStatuses.scheduled(world.api().now());
            }
            case "starting" -> next = PodStatuses.running(world.api().now());
            default -> next = Workers.end(world, pod);
        }
        Pod moved = world.api().updatePod(pod, spec, next);
        world.log("pod", Table.key(moved), PodStatuses.describe(moved));
    }
}
