package build.kiln.operator.worker;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSchedulingGate;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Gates that hold a pod back from the scheduler, such as Kueue's. */
public final class SchedulingGates {
    /** The reason of a pod that is held back, in one word; the scheduler's own. */
    public static final String HELD = "SchedulingGated";

    /** Label that hands a pod over to a queue of Kueue; pods have it when their ImageBuild has it. */
    static final String KUEUE_QUEUE = "kueue.x-k8s.io/queue-name";

    private static final int LONGEST = 300;

    private SchedulingGates() {}

    /** Whether somebody has to let the pod go before it can be scheduled. */
    public static boolean isHeld(Pod pod) {
        return !of(pod).isEmpty();
    }

    /** What holds the pod back, for people. */
    static String message(Pod pod) {
        String gates = of(pod).stream().map(PodSchedulingGate::getName).collect(Collectors.joining(", "));
        String queue = queue(pod);
        String by = queue == null ? "" : ": Kueue has not admitted it yet, see its queue " + queue;
        return "held back by the scheduling gate " + HostileText.line(gates, LONGEST) + HostileText.line(by, LONGEST);
    }

    /** When the scheduler could first look at the pod. Who opens a gate leaves no time but that of the change. */
    static Instant released(Pod pod, Instant created) {
        if (queue(pod) == null) {
            return created;
        }
        return pod.getMetadata().getManagedFields().stream()
                .filter(change -> change.getSubresource() == null
                        || change.getSubresource().isEmpty())
                .map(change -> PodFacts.time(change.getTime()))
                .flatMap(Optional::stream)
                .filter(created::isBefore)
                .max(Instant::compareTo)
                .orElse(created);
    }

    private static @Nullable String queue(Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        return labels == null ? null : labels.get(KUEUE_QUEUE);
    }

    private static List<PodSchedulingGate> of(Pod pod) {
        List<PodSchedulingGate> gates = pod.getSpec().getSchedulingGates();
        return gates == null ? List.of() : gates;
    }
}
