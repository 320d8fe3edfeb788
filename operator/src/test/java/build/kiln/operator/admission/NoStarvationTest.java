package build.kiln.operator.admission;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.operator.admission.AdmissionVerdict.Start;
import build.kiln.operator.admission.AdmissionVerdict.Wait;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A cluster that is asked for more than it may build, without end: important platforms, busy namespaces and both architectures
 * keep arriving at random. The limits hold at every step, no slot is left free without a reason, and everything starts.
 */
class NoStarvationTest {
    private static final Duration MAX_WAIT = Duration.ofMinutes(30);
    private static final Duration LONGEST_BUILD = Duration.ofMinutes(20);
    private static final List<String> NAMESPACES = List.of("bank", "flood", "shop");
    private static final List<String> PLATFORMS = List.of("linux/amd64", "linux/arm64");

    /** Steps of a minute. */
    private static final int STEPS = 1_500;

    private final AdmissionPolicy policy = new AdmissionPolicy();
    private final Map<PlatformKey, WaitingPlatform> waiting = new HashMap<>();
    private final Map<RunningPlatform, Instant> ends = new HashMap<>();
    private boolean lastOutOfTurn;
    private int count;
    private Instant now = Instant.parse("2026-11-23T10:00:00Z");

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89})
    void everyPlatformStartsInTheEnd(long seed) {
        Random random = new Random(seed);
        AdmissionLimits limits = limits(random);
        List<PlatformKey> neglected = neglected();
        for (int step = 0; step < STEPS; step++) {
            now = now.plus(Duration.ofMinutes(1));
            ends.values().removeIf(end -> !end.isAfter(now));
            overload();
            admit(limits, random);
        }

        assertThat(waiting.keySet())
                .as("platforms of no importance that were there from the start, with seed %d and %s", seed, limits)
                .doesNotContainAnyElementsOf(neglected);
    }

    /** One of each kind, less important than all that come later. */
    private List<PlatformKey> neglected() {
        for (String namespace : NAMESPACES) {
            for (String platform : PLATFORMS) {
                arrive(namespace, platform, -100);
            }
        }
        return List.copyOf(waiting.keySet());
    }

    /** There is always something important of each kind. */
    private void overload() {
        for (String namespace : NAMESPACES) {
            for (String platform : PLATFORMS) {
                long there = waiting.values().stream()
                        .filter(one -> one.priority() > 0
                                && one.key().namespace().equals(namespace)
                                && one.platform().equals(platform))
                        .count();
                for (long missing = there; missing < (namespace.equals("flood") ? 8 : 2); missing++) {
                    arrive(namespace, platform, 100);
                }
            }
        }
    }

    private void admit(AdmissionLimits limits, Random random) {
        AdmissionSnapshot snapshot = new AdmissionSnapshot(
                List.copyOf(ends.keySet()), List.of(), List.copyOf(waiting.values()), lastOutOfTurn, limits, now);
        Map<PlatformKey, AdmissionVerdict> verdicts = policy.decide(snapshot);
        assertThat(verdicts.keySet()).containsExactlyInAnyOrderElementsOf(waiting.keySet());
        boolean kept = isKept(verdicts);
        verdicts.forEach((key, verdict) -> {
            if (verdict instanceof Start start) {
                WaitingPlatform started = Objects.requireNonNull(waiting.remove(key));
                Duration length = Duration.ofMinutes(1 + random.nextInt((int) LONGEST_BUILD.toMinutes()));
                ends.put(new RunningPlatform(key, started.platform(), start.outOfTurn()), now.plus(length));
                lastOutOfTurn = start.outOfTurn();
            }
        });
        check(limits, kept);
    }

    /** Whether free slots are being kept for the oldest platform. */
    private boolean isKept(Map<PlatformKey, AdmissionVerdict> verdicts) {
        PlatformKey first = verdicts.keySet().iterator().next();
        return verdicts.get(first) instanceof Wait
                && !Objects.requireNonNull(waiting.get(first)).since().isAfter(now.minus(MAX_WAIT));
    }

    private void check(AdmissionLimits limits, boolean kept) {
        Map<String, Long> namespaces = running(one -> one.key().namespace());
        Map<String, Long> platforms = running(RunningPlatform::platform);
        assertThat(ends.size()).isLessThanOrEqualTo(limits.ofCluster());
        namespaces.forEach((name, used) -> assertThat(used).isLessThanOrEqualTo(limits.ofNamespace(name)));
        platforms.forEach((name, used) -> assertThat(used).isLessThanOrEqualTo(limits.ofPlatform(name)));
        if (!kept) {
            assertThat(waiting.values())
                    .as("nothing waits while all its limits have room")
                    .noneMatch(one -> ends.size() < limits.ofCluster()
                            && namespaces.getOrDefault(one.key().namespace(), 0L)
                                    < limits.ofNamespace(one.key().namespace())
                            && platforms.getOrDefault(one.platform(), 0L) < limits.ofPlatform(one.platform()));
        }
    }

    private Map<String, Long> running(Function<RunningPlatform, String> by) {
        return ends.keySet().stream().collect(Collectors.groupingBy(by, TreeMap::new, Collectors.counting()));
    }

    private void arrive(String namespace, String platform, int priority) {
        PlatformKey key = new PlatformKey(namespace, "pod-" + count++);
        waiting.put(key, new WaitingPlatform(key, key.pod(), platform, priority, now));
    }

    private static AdmissionLimits limits(Random random) {
        Map<String, Integer> perNamespace = new HashMap<>();
        new ArrayList<>(NAMESPACES).forEach(namespace -> {
            if (random.nextBoolean()) {
                perNamespace.put(namespace, 1 + random.nextInt(3));
            }
        });
        return new AdmissionLimits(
                1 + random.nextInt(6),
                random.nextBoolean() ? 1 + random.nextInt(3) : null,
                perNamespace,
                random.nextBoolean() ? Map.of("linux/arm64", 1 + random.nextInt(2)) : Map.of(),
                MAX_WAIT);
    }
}
