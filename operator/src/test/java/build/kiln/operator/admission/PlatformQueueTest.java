package build.kiln.operator.admission;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.operator.admission.AdmissionVerdict.Start;
import build.kiln.operator.admission.AdmissionVerdict.Wait;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PlatformQueueTest {
    private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
    private static final String AMD64 = "linux/amd64";

    private final PlatformQueue queue = new PlatformQueue();
    private final List<RunningPlatform> running = new ArrayList<>();
    private final List<WaitingPlatform> waiting = new ArrayList<>();
    private Instant now = NOW;

    @Test
    void holdsASlotUntilThePodIsThere() {
        Turn first = queue.take(this::snapshot, List.of(platform("a")));
        Turn second = queue.take(this::snapshot, List.of(platform("b")));
        running.add(new RunningPlatform(key("a"), AMD64, false));
        queue.giveBack(first, key("a")::equals, now);
        Turn third = queue.take(this::snapshot, List.of(platform("b")));

        assertThat(first.admitted()).containsExactly(key("a"));
        assertThat(second.waits()).containsOnlyKeys(key("b"));
        assertThat(third.waits()).containsOnlyKeys(key("b"));
    }

    @Test
    void letsOthersTakeTheSlotOfWhatCannotBeCreated() {
        waiting.add(platform("a"));
        waiting.add(platform("b"));
        Turn refused = queue.take(this::snapshot, List.of(platform("a")));
        queue.giveBack(refused, key -> false, now);

        assertThat(queue.look(snapshot())).isEqualTo(Map.of(key("b"), new Start(false)));
        assertThat(queue.take(this::snapshot, List.of(platform("b"))).admitted())
                .containsExactly(key("b"));
    }

    @Test
    void comesBackToWhatCouldNotBeCreated() {
        waiting.add(platform("a"));
        queue.giveBack(queue.take(this::snapshot, List.of(platform("a"))), key -> false, now);

        now = NOW.plus(PlatformQueue.PASSED_OVER);

        assertThat(queue.look(snapshot())).containsOnlyKeys(key("a"));
    }

    @Test
    void takesWhatTheBuildItselfWantsForMoreRecentThanTheCache() {
        waiting.add(new WaitingPlatform(key("a-old"), "a", AMD64, 0, NOW.minusSeconds(60)));

        Turn turn = queue.take(
                this::snapshot, List.of(new WaitingPlatform(key("a-new"), "a", AMD64, 0, NOW.minusSeconds(10))));

        assertThat(turn.admitted()).containsExactly(key("a-new"));
    }

    @Test
    void admitsWhatIsThereAlready() {
        running.add(new RunningPlatform(key("a"), AMD64, false));

        Turn turn = queue.take(this::snapshot, List.of(platform("a")));

        assertThat(turn.admitted()).containsExactly(key("a"));
        assertThat(turn.waits()).isEmpty();
    }

    @Test
    void tellsEveryWaitingPlatformItsPlace() {
        running.add(new RunningPlatform(key("r"), AMD64, false));
        waiting.add(platform("a"));
        waiting.add(platform("b"));

        assertThat(queue.look(snapshot()).values())
                .extracting(verdict -> ((Wait) verdict).position())
                .containsExactly(1, 2);
    }

    /** Builds are reconciled in parallel: each asks, creates its pod, which takes a while to be seen, and gives back. */
    @Test
    void neverAdmitsMoreThanTheLimitFromSeveralThreads() throws Exception {
        Set<PlatformKey> pods = ConcurrentHashMap.newKeySet();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch all = new CountDownLatch(64);
        List<Future<?>> builds = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 64; i++) {
                WaitingPlatform wanted = platform("build-" + i);
                builds.add(threads.submit(() -> {
                    all.countDown();
                    all.await();
                    Turn turn = queue.take(() -> snapshot(pods), List.of(wanted));
                    pods.addAll(turn.admitted());
                    most.accumulateAndGet(pods.size(), Math::max);
                    queue.giveBack(turn, pods::contains, NOW);
                    return turn;
                }));
            }
            for (Future<?> build : builds) {
                build.get();
            }
        }

        assertThat(pods).hasSize(4);
        assertThat(most).hasValue(4);
    }

    private static AdmissionSnapshot snapshot(Set<PlatformKey> pods) {
        List<RunningPlatform> seen =
                pods.stream().map(key -> new RunningPlatform(key, AMD64, false)).toList();
        return new AdmissionSnapshot(seen, List.of(), List.of(), false, limits(4), NOW);
    }

    private AdmissionSnapshot snapshot() {
        return new AdmissionSnapshot(running, List.of(), waiting, false, limits(1), now);
    }

    private static AdmissionLimits limits(int cluster) {
        return new AdmissionLimits(cluster, null, Map.of(), Map.of(), Duration.ofMinutes(30));
    }

    private static WaitingPlatform platform(String name) {
        return new WaitingPlatform(key(name), name, AMD64, 0, NOW.minusSeconds(60));
    }

    private static PlatformKey key(String pod) {
        return new PlatformKey("shop", pod);
    }
}
