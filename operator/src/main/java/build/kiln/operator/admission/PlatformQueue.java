package build.kiln.operator.admission;

import build.kiln.operator.admission.AdmissionVerdict.Start;
import build.kiln.operator.admission.AdmissionVerdict.Wait;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Gives turns to platforms, from several threads. The queue itself is kept nowhere: it is read from live objects each time.
 * Between a turn and the moment when the pod is there to be seen, the slot is held here; deciding is serialised, creating pods
 * is not. What this object remembers may be lost: without it, a process that has just started finds all pods in its cache.
 */
public final class PlatformQueue {
    /** What had its turn and could not be created is not waited for: others take the slot meanwhile. */
    static final Duration PASSED_OVER = Duration.ofSeconds(30);

    private final AdmissionPolicy policy = new AdmissionPolicy();
    private final Map<PlatformKey, RunningPlatform> held = new HashMap<>();
    private final Map<PlatformKey, Instant> passedOver = new HashMap<>();

    /**
     * Asks for the turn of platforms of one build.
     *
     * @param snapshot reads the live objects; called while no other turn is given
     * @param wanted all platforms of the build that want a worker pod now
     */
    public synchronized Turn take(Supplier<AdmissionSnapshot> snapshot, List<WaitingPlatform> wanted) {
        Map<PlatformKey, WaitingPlatform> own = new LinkedHashMap<>();
        wanted.forEach(platform -> own.put(platform.key(), platform));
        Map<PlatformKey, AdmissionVerdict> verdicts = policy.decide(with(snapshot.get(), own));
        Set<PlatformKey> admitted = new HashSet<>();
        Set<PlatformKey> outOfTurn = new HashSet<>();
        Map<PlatformKey, Wait> waits = new HashMap<>();
        own.forEach((key, platform) -> {
            switch (verdicts.get(key)) {
                case Start start -> {
                    admitted.add(key);
                    if (start.outOfTurn()) {
                        outOfTurn.add(key);
                    }
                    held.put(key, new RunningPlatform(key, platform.platform(), start.outOfTurn()));
                }
                case Wait wait -> waits.put(key, wait);
                // Its pod is there already: creating it again finds it.
                case null -> admitted.add(key);
            }
        });
        return new Turn(admitted, outOfTurn, waits);
    }

    /**
     * Gives a turn back, once the pods that could be created were.
     *
     * @param turn as taken
     * @param exists whether the pod is seen by the next snapshot
     * @param now when
     */
    public synchronized void giveBack(Turn turn, Predicate<PlatformKey> exists, Instant now) {
        for (PlatformKey key : turn.admitted()) {
            held.remove(key);
            if (exists.test(key)) {
                passedOver.remove(key);
            } else {
                passedOver.put(key, now.plus(PASSED_OVER));
            }
        }
        passedOver.values().removeIf(until -> !until.isAfter(now));
    }

    /** What each waiting platform would be told now. */
    public synchronized Map<PlatformKey, AdmissionVerdict> look(AdmissionSnapshot snapshot) {
        return policy.decide(with(snapshot, Map.of()));
    }

    private AdmissionSnapshot with(AdmissionSnapshot snapshot, Map<PlatformKey, WaitingPlatform> own) {
        Map<PlatformKey, RunningPlatform> running = new LinkedHashMap<>(held);
        snapshot.running().forEach(platform -> running.put(platform.key(), platform));
        Set<String> builds = own.values().stream().map(PlatformQueue::build).collect(Collectors.toSet());
        List<WaitingPlatform> waiting = new ArrayList<>(own.values());
        snapshot.waiting().stream()
                .filter(platform -> !builds.contains(build(platform)) && !isPassedOver(platform, snapshot.now()))
                .forEach(waiting::add);
        waiting.removeIf(platform -> running.containsKey(platform.key()));
        return new AdmissionSnapshot(
                List.copyOf(running.values()),
                snapshot.held(),
                waiting,
                snapshot.lastOutOfTurn() || isAnyOutOfTurn(held.values()),
                snapshot.limits(),
                snapshot.now());
    }

    private boolean isPassedOver(WaitingPlatform platform, Instant now) {
        Instant until = passedOver.get(platform.key());
        return until != null && until.isAfter(now);
    }

    private static boolean isAnyOutOfTurn(Collection<RunningPlatform> platforms) {
        return platforms.stream().anyMatch(RunningPlatform::outOfTurn);
    }

    private static String build(WaitingPlatform platform) {
        return platform.key().namespace() + "/" + platform.build();
    }
}
