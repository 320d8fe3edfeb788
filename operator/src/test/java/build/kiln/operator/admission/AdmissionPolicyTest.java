package build.kiln.operator.admission;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.operator.admission.AdmissionVerdict.Limit;
import build.kiln.operator.admission.AdmissionVerdict.Start;
import build.kiln.operator.admission.AdmissionVerdict.Wait;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AdmissionPolicyTest {
    private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
    private static final Duration MAX_WAIT = Duration.ofMinutes(30);
    private static final String AMD64 = "linux/amd64";
    private static final String ARM64 = "linux/arm64";

    private final AdmissionPolicy policy = new AdmissionPolicy();
    private final List<RunningPlatform> running = new ArrayList<>();
    private final List<WaitingPlatform> waiting = new ArrayList<>();
    private boolean lastOutOfTurn;

    @Test
    void startsEverythingWithoutLimits() {
        waiting("shop", "a", AMD64, 0, 1);
        waiting("shop", "b", ARM64, 0, 0);

        assertThat(decide(limits(null, null, Map.of(), Map.of()))).containsOnly(start("b"), start("a"));
    }

    @Test
    void startsNoMoreThanTheClusterMayBuild() {
        running("shop", "r", AMD64);
        waiting("shop", "first", AMD64, 0, 3);
        waiting("shop", "second", ARM64, 0, 2);
        waiting("shop", "third", AMD64, 0, 1);

        assertThat(decide(limits(2, null, Map.of(), Map.of())))
                .containsExactly(
                        start("first"), wait("second", Limit.Cluster, 2, 1), wait("third", Limit.Cluster, 2, 2));
    }

    @Test
    void doesNotHoldBackOthersBehindTheLimitOfANamespace() {
        running("shop", "r", AMD64);
        waiting("shop", "own", AMD64, 0, 9);
        waiting("bank", "other", AMD64, 0, 1);

        assertThat(decide(limits(null, 1, Map.of(), Map.of())))
                .containsOnly(wait("own", Limit.Namespace, 1, 1), start("other"));
    }

    @Test
    void doesNotHoldBackOthersBehindTheLimitOfAPlatform() {
        running("shop", "r", ARM64);
        waiting("shop", "arm", ARM64, 0, 9);
        waiting("shop", "amd", AMD64, 0, 1);

        assertThat(decide(limits(null, null, Map.of(), Map.of(ARM64, 1))))
                .containsOnly(wait("arm", Limit.Platform, 1, 1), start("amd"));
    }

    @Test
    void takesTheLimitOfTheNamespaceItselfForTheGeneralOne() {
        waiting("shop", "a", AMD64, 0, 2);
        waiting("shop", "b", AMD64, 0, 1);
        waiting("bank", "c", AMD64, 0, 2);

        assertThat(decide(limits(null, 1, Map.of("shop", 2, "bank", 0), Map.of())))
                .containsOnly(start("a"), start("b"), wait("c", Limit.Namespace, 0, 1));
    }

    @Test
    void putsPriorityBeforeEverythingElse() {
        running("bank", "r", AMD64);
        waiting("shop", "old", AMD64, 0, 20);
        waiting("bank", "urgent", AMD64, 1000, 1);

        assertThat(decide(limits(2, null, Map.of(), Map.of())))
                .containsExactly(start("urgent"), wait("old", Limit.Cluster, 2, 1));
    }

    @Test
    void takesTurnsBetweenNamespacesBeforeItLooksAtAge() {
        for (int i = 0; i < 4; i++) {
            waiting("flood", "f" + i, AMD64, 0, 20 - i);
        }
        waiting("shop", "s0", AMD64, 0, 3);
        waiting("shop", "s1", AMD64, 0, 2);
        waiting("bank", "b0", AMD64, 0, 1);

        assertThat(order(limits(1, null, Map.of(), Map.of())))
                .containsExactly("f0", "s0", "b0", "f1", "s1", "f2", "f3");
    }

    @Test
    void prefersTheNamespaceOfWhichLessBuilds() {
        running("flood", "r1", AMD64);
        running("flood", "r2", AMD64);
        waiting("flood", "old", AMD64, 0, 20);
        waiting("shop", "new", AMD64, 0, 1);

        assertThat(order(limits(3, null, Map.of(), Map.of()))).containsExactly("new", "old");
    }

    @Test
    void countsWhatWaitsForAnotherArchitectureAgainstNobody() {
        running("bank", "r", ARM64);
        for (int i = 0; i < 5; i++) {
            waiting("shop", "arm" + i, ARM64, 0, 10 - i);
        }
        waiting("shop", "amd", AMD64, 0, 2);
        waiting("bank", "b", AMD64, 0, 1);

        assertThat(decide(limits(2, null, Map.of(), Map.of(ARM64, 1))))
                .contains(start("amd"), wait("b", Limit.Cluster, 2, 2));
    }

    @Test
    void countsPositionsAmongThoseWhoWaitForTheSame() {
        running("shop", "r1", ARM64);
        waiting("shop", "a", ARM64, 0, 9);
        waiting("bank", "b", ARM64, 0, 8);
        waiting("bank", "c", AMD64, 0, 7);
        waiting("bank", "d", AMD64, 0, 6);

        assertThat(decide(limits(null, 1, Map.of("shop", 5), Map.of(ARM64, 1))))
                .containsOnly(
                        wait("b", Limit.Platform, 1, 1),
                        wait("a", Limit.Platform, 1, 2),
                        start("c"),
                        wait("d", Limit.Namespace, 1, 2));
    }

    @Test
    void letsTheOldestGoFirstThatHasWaitedForTooLong() {
        running("shop", "r", AMD64);
        waiting("shop", "older", AMD64, 0, 40);
        waiting("shop", "oldest", AMD64, -5, 50);
        waiting("bank", "urgent", AMD64, 1000, 1);

        assertThat(decide(limits(2, null, Map.of(), Map.of())))
                .containsExactly(
                        Map.entry("oldest", new Start(true)),
                        wait("urgent", Limit.Cluster, 2, 1),
                        wait("older", Limit.Cluster, 2, 2));
    }

    @Test
    void letsOnlyOneAtATimeGoBeforeItsTurn() {
        running.add(new RunningPlatform(key("shop", "r"), AMD64, true));
        waiting("shop", "old", AMD64, 0, 50);
        waiting("bank", "urgent", AMD64, 1000, 1);

        assertThat(order(limits(2, null, Map.of(), Map.of()))).containsExactly("urgent", "old");
    }

    @Test
    void neverLetsTwoInARowGoBeforeTheirTurn() {
        lastOutOfTurn = true;
        waiting("shop", "old", AMD64, 0, 50);
        waiting("bank", "urgent", AMD64, 1000, 1);

        assertThat(order(limits(1, null, Map.of(), Map.of()))).containsExactly("urgent", "old");
    }

    @Test
    void keepsFreeSlotsForTheOldestWhileItWaitsForTheRest() {
        running("bank", "r", ARM64);
        waiting("shop", "old", ARM64, 0, 50);
        waiting("shop", "young", AMD64, 0, 1);

        assertThat(decide(limits(null, 1, Map.of(), Map.of(ARM64, 1))))
                .containsExactly(wait("old", Limit.Platform, 1, 1), wait("young", Limit.Namespace, 1, 2));
    }

    @Test
    void keepsNothingForWhatIsNeverLetIn() {
        waiting("closed", "old", AMD64, 0, 50);
        waiting("shop", "young", AMD64, 0, 1);

        assertThat(decide(limits(1, null, Map.of("closed", 0), Map.of())))
                .containsOnly(wait("old", Limit.Namespace, 0, 1), start("young"));
    }

    @Test
    void staysBelowALimitThatWasLowered() {
        running("shop", "r1", AMD64);
        running("shop", "r2", AMD64);
        running("shop", "r3", AMD64);
        waiting("shop", "a", AMD64, 0, 1);

        assertThat(decide(limits(2, null, Map.of(), Map.of()))).containsExactly(wait("a", Limit.Cluster, 2, 1));
    }

    private List<Map.Entry<String, AdmissionVerdict>> decide(AdmissionLimits limits) {
        return policy
                .decide(new AdmissionSnapshot(running, List.of(), waiting, lastOutOfTurn, limits, NOW))
                .entrySet()
                .stream()
                .map(entry -> Map.entry(entry.getKey().pod(), entry.getValue()))
                .toList();
    }

    private List<String> order(AdmissionLimits limits) {
        return decide(limits).stream().map(Map.Entry::getKey).toList();
    }

    private void waiting(String namespace, String pod, String platform, int priority, int minutes) {
        waiting.add(new WaitingPlatform(
                key(namespace, pod), pod, platform, priority, NOW.minus(Duration.ofMinutes(minutes))));
    }

    private void running(String namespace, String pod, String platform) {
        running.add(new RunningPlatform(key(namespace, pod), platform, false));
    }

    private static PlatformKey key(String namespace, String pod) {
        return new PlatformKey(namespace, pod);
    }

    private static AdmissionLimits limits(
            @Nullable Integer cluster,
            @Nullable Integer perNamespace,
            Map<String, Integer> namespaces,
            Map<String, Integer> perPlatform) {
        return new AdmissionLimits(cluster, perNamespace, namespaces, perPlatform, MAX_WAIT);
    }

    private static Map.Entry<String, AdmissionVerdict> start(String pod) {
        return Map.entry(pod, new Start(false));
    }

    private static Map.Entry<String, AdmissionVerdict> wait(String pod, Limit limit, int most, int position) {
        return Map.entry(pod, new Wait(Objects.requireNonNull(limit), most, position));
    }
}
