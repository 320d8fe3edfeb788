package build.kiln.operator.admission;

import build.kiln.operator.admission.AdmissionVerdict.Limit;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * The order of waiting platforms of one priority: each time from the namespace that has the least, counting what builds there
 * and what was passed to it before; among equals the oldest.
 */
final class FairOrder {
    private final Slots slots;
    private final Map<Lane, Deque<WaitingPlatform>> lanes = new HashMap<>();
    private final Map<String, Integer> passedToNamespace = new HashMap<>();
    private final Map<Lane, Integer> passedToLane = new HashMap<>();
    private final PriorityQueue<Head> heads = new PriorityQueue<>(Comparator.comparingInt(Head::share)
            .thenComparing(head -> head.platform().since())
            .thenComparing(head -> head.platform().key().namespace())
            .thenComparing(head -> head.platform().key().pod()));
    private boolean begun;

    FairOrder(Slots slots) {
        this.slots = slots;
    }

    /** One platform more, the oldest first. */
    void add(WaitingPlatform platform) {
        lanes.computeIfAbsent(Lane.of(platform), _ -> new ArrayDeque<>()).add(platform);
    }

    /** The next platform; empty when there is none left. */
    Optional<WaitingPlatform> next() {
        if (!begun) {
            begun = true;
            lanes.keySet().forEach(this::offer);
        }
        while (true) {
            Head head = heads.poll();
            if (head == null) {
                return Optional.empty();
            }
            Lane lane = Lane.of(head.platform());
            // Shares only grow: a head that has been overtaken goes back to where it belongs now.
            if (share(lane) > head.share()) {
                offer(lane);
                continue;
            }
            lanes.getOrDefault(lane, new ArrayDeque<>()).poll();
            offer(lane);
            return Optional.of(head.platform());
        }
    }

    /** The platform waits: others of its namespace come after those of other namespaces, as they will when it starts. */
    void waits(WaitingPlatform platform, Limit limit) {
        switch (limit) {
            case Namespace, Cluster -> passedToNamespace.merge(platform.key().namespace(), 1, Integer::sum);
            // What waits for a node of one architecture takes nothing from its namespace's share of the others.
            case Platform -> passedToLane.merge(Lane.of(platform), 1, Integer::sum);
        }
    }

    private void offer(Lane lane) {
        WaitingPlatform first = lanes.getOrDefault(lane, new ArrayDeque<>()).peek();
        if (first != null) {
            heads.add(new Head(first, share(lane)));
        }
    }

    private int share(Lane lane) {
        return slots.usedBy(lane.namespace())
                + passedToNamespace.getOrDefault(lane.namespace(), 0)
                + passedToLane.getOrDefault(lane, 0);
    }

    private record Lane(String namespace, String platform) {
        static Lane of(WaitingPlatform platform) {
            return new Lane(platform.key().namespace(), platform.platform());
        }
    }

    private record Head(WaitingPlatform platform, int share) {}
}
