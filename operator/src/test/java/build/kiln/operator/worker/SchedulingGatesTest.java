package build.kiln.operator.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntryBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A pod that Kueue, or somebody else, keeps from being scheduled. */
class SchedulingGatesTest {
    private static final Duration START_TIMEOUT = Duration.ofMinutes(10);
    private static final Instant CREATED = Instant.parse("2026-11-22T10:00:00Z");
    private static final Instant HOURS_LATER = CREATED.plus(Duration.ofHours(5));

    private final WorkerPodReader reader = new WorkerPodReader(START_TIMEOUT);

    @Test
    void waitsForAsLongAsItIsHeld() {
        assertThat(reader.read(pod("kueue.x-k8s.io/admission"), HOURS_LATER))
                .asInstanceOf(type(WorkerObservation.Waiting.class))
                .satisfies(waiting -> {
                    assertThat(waiting.reason()).isEqualTo("SchedulingGated");
                    assertThat(waiting.message()).contains("kueue.x-k8s.io/admission", "queue builds");
                    assertThat(waiting.deadline()).isAfter(HOURS_LATER);
                });
    }

    @Test
    void hasItsWholeStartTimeoutOnceItIsLetGo() {
        Pod released = pod();
        released.getMetadata()
                .setManagedFields(List.of(
                        change(null, CREATED),
                        change(null, HOURS_LATER),
                        change("status", HOURS_LATER.plusSeconds(500))));

        assertThat(reader.read(released, HOURS_LATER.plusSeconds(599)))
                .asInstanceOf(type(WorkerObservation.Waiting.class))
                .extracting(WorkerObservation.Waiting::deadline)
                .isEqualTo(HOURS_LATER.plus(START_TIMEOUT));
        assertThat(reader.read(released, HOURS_LATER.plusSeconds(600))).isInstanceOf(WorkerObservation.Failed.class);
    }

    @Test
    void changesOfAPodThatWasNeverHeldDoNotProlongItsStart() {
        Pod labelled = pod();
        labelled.getMetadata().setLabels(Map.of());
        labelled.getMetadata().setManagedFields(List.of(change(null, CREATED.plusSeconds(599))));

        assertThat(reader.read(labelled, CREATED.plusSeconds(600))).isInstanceOf(WorkerObservation.Failed.class);
    }

    private static ManagedFieldsEntry change(@Nullable String subresource, Instant time) {
        return new ManagedFieldsEntryBuilder()
                .withManager("kueue")
                .withSubresource(subresource)
                .withTime(time.toString())
                .build();
    }

    private static Pod pod(String... gates) {
        PodBuilder pod = new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("api-3-linux-arm64-1")
                .withCreationTimestamp(CREATED.toString())
                .withLabels(Map.of("kueue.x-k8s.io/queue-name", "builds"))
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .withNewStatus()
                .withPhase("Pending")
                .endStatus();
        for (String gate : gates) {
            pod.editSpec().addNewSchedulingGate(gate).endSpec();
        }
        return pod.build();
    }
}
