package build.kiln.operator.admission;

import build.kiln.operator.admission.AdmissionVerdict.Start;
import build.kiln.operator.admission.AdmissionVerdict.Wait;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Decides which waiting platforms may start. Pure.
 *
 * <p>The order: higher priority first; then the namespace of which fewer platforms build; then the older run. A platform that a
 * limit of its namespace or its own architecture holds back does not hold back others.
 *
 * <p>Nothing waits for ever. Of the platforms that have waited for longer than {@link AdmissionLimits#maxWait} the oldest goes
 * before its turn, one at a time, and never twice in a row, so that priorities and fair shares still govern nearly everything.
 * While it waits for several limits, free slots under the others are kept for it; else two streams of younger platforms could
 * take turns in each of them. Each pod ends in time, so each limit frees a slot that nobody takes from the oldest; the ones
 * before it are finitely many.
 */
public final class AdmissionPolicy {
    private static final Comparator<WaitingPlatform> BY_AGE = Comparator.comparing(WaitingPlatform::since)
            .thenComparing(platform -> platform.key().namespace())
            .thenComparing(platform -> platform.key().pod());

    /** A verdict for each waiting platform, in the order of the queue. */
    public Map<PlatformKey, AdmissionVerdict> decide(AdmissionSnapshot snapshot) {
        Slots slots = new Slots(snapshot.limits());
        snapshot.running().forEach(slots::take);
        Map<PlatformKey, AdmissionVerdict> verdicts = new LinkedHashMap<>();
        Optional<WaitingPlatform> overdue = overdue(snapshot);
        overdue.ifPresent(platform -> verdicts.put(platform.key(), outOfTurn(platform, slots)));
        for (FairOrder level : levels(snapshot, slots).values()) {
            for (Optional<WaitingPlatform> next = level.next(); next.isPresent(); next = level.next()) {
                WaitingPlatform platform = next.get();
                if (!verdicts.containsKey(platform.key())) {
                    verdicts.put(platform.key(), inTurn(platform, slots, level));
                }
            }
        }
        return verdicts;
    }

    private static Optional<WaitingPlatform> overdue(AdmissionSnapshot snapshot) {
        if (snapshot.lastOutOfTurn() || snapshot.running().stream().anyMatch(RunningPlatform::outOfTurn)) {
            return Optional.empty();
        }
        Instant latest = snapshot.now().minus(snapshot.limits().maxWait());
        return snapshot.waiting().stream()
                .filter(platform -> !platform.since().isAfter(latest))
                .filter(snapshot.limits()::everAllow)
                .min(BY_AGE);
    }

    private static AdmissionVerdict outOfTurn(WaitingPlatform platform, Slots slots) {
        Optional<Wait> wait = slots.wait(platform);
        if (wait.isPresent()) {
            slots.claim(platform);
            return wait.get();
        }
        slots.take(platform);
        return new Start(true);
    }

    private static AdmissionVerdict inTurn(WaitingPlatform platform, Slots slots, FairOrder level) {
        Optional<Wait> wait = slots.wait(platform);
        if (wait.isPresent()) {
            level.waits(platform, wait.get().limit());
            return wait.get();
        }
        slots.take(platform);
        return new Start(false);
    }

    private static NavigableMap<Integer, FairOrder> levels(AdmissionSnapshot snapshot, Slots slots) {
        NavigableMap<Integer, FairOrder> levels = new TreeMap<>(Comparator.reverseOrder());
        snapshot.waiting().stream()
                .sorted(BY_AGE)
                .forEach(platform -> levels.computeIfAbsent(platform.priority(), _ -> new FairOrder(slots))
                        .add(platform));
        return levels;
    }
}
