package build.kiln.operator.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import org.junit.jupiter.api.Test;

class WorkerPodNameTest {
    private static final String LONG = "a".repeat(300);

    @Test
    void aNameSaysBuildRunPlatformAndAttempt() {
        assertThat(WorkerPodName.of("api", 7, "linux/arm/v7", 2)).isEqualTo("api-7-linux-arm-v7-2");
    }

    @Test
    void longNamesStayApart() {
        String one = WorkerPodName.of(LONG + "1", 1, "linux/amd64", 1);
        String other = WorkerPodName.of(LONG + "2", 1, "linux/amd64", 1);

        assertThat(one).hasSize(63).endsWith("-1-linux-amd64-1").isNotEqualTo(other);
        assertThat(WorkerLabels.buildValue(LONG + "1")).hasSize(63).isNotEqualTo(WorkerLabels.buildValue(LONG + "2"));
    }

    @Test
    void aCutNameIsStillAName() {
        String build = "a".repeat(30) + ".-.-.-.-.-.-.-.-." + "b".repeat(30);

        assertThat(WorkerPodName.of(build, 1, "linux/amd64", 1))
                .matches("[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*");
    }

    @Test
    void labelsSayTheSameAsTheName() {
        Pod pod = new PodBuilder()
                .withNewMetadata()
                .withLabels(WorkerLabels.of("api", 7, "linux/arm/v7", 2))
                .endMetadata()
                .build();

        assertThat(WorkerLabels.run(pod)).isEqualTo(7);
        assertThat(WorkerLabels.platform(pod)).isEqualTo("linux/arm/v7");
        assertThat(WorkerLabels.attempt(pod)).isEqualTo(2);
    }

    @Test
    void aPodWithoutLabelsIsNobodys() {
        Pod pod = new PodBuilder().withNewMetadata().endMetadata().build();

        assertThat(WorkerLabels.run(pod)).isZero();
        assertThat(WorkerLabels.attempt(pod)).isZero();
        assertThat(WorkerLabels.platform(pod)).isEmpty();
    }
}
