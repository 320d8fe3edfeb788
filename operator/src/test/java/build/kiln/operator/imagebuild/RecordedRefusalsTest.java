package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfCreation;
import build.kiln.operator.testing.Recording;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.lang.reflect.Proxy;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a real API server answered instead of creating a worker pod; {@code RecordFailuresE2e} makes the recordings. */
class RecordedRefusalsTest {
    @ParameterizedTest
    @CsvSource({"quota-exceeded, QUOTA_EXCEEDED", "pod-security, REFUSED", "webhook-down, WEBHOOK_DOWN"})
    void anAnswerIsUnderstoodAndQuoted(String file, OfCreation evidence) {
        Status answer = Recording.of(file).refusal();
        WorkerPods pods = new WorkerPods((ClusterApi) Proxy.newProxyInstance(
                ClusterApi.class.getClassLoader(), new Class<?>[] {ClusterApi.class}, (_, _, _) -> {
                    throw new KubernetesClientException(answer);
                }));

        PodCreation creation = pods.create(new ImageBuild(), new Pod());

        assertThat(creation).isInstanceOfSatisfying(PodCreation.Refused.class, refused -> {
            assertThat(refused.diagnosis().with("")).isEqualTo(Diagnosis.of(evidence, ""));
            assertThat(refused.diagnosis().message()).contains(answer.getMessage());
        });
    }
}
