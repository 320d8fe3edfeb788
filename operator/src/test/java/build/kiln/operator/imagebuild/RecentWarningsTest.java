package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.operator.worker.PodWarning;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RecentWarningsTest {
    private static final Instant START = Instant.parse("2026-11-22T10:00:00Z");
    private static final PodWarning WARNING = new PodWarning("FailedMount", "secret \"push\" not found", START);

    private final List<String> asked = new ArrayList<>();
    private @Nullable KubernetesClientException failure;
    private final RecentWarnings warnings = new RecentWarnings(api());

    @Test
    void onePodsQuestionAnswersThoseOfItsNamespace() {
        for (int pod = 0; pod < 1000; pod++) {
            warnings.of(pod("shop", "pod-" + pod), START.plusMillis(pod));
        }

        assertThat(asked).containsExactly("shop");
        assertThat(warnings.of(pod("shop", "pod-7"), START.plusSeconds(2))).containsExactly(WARNING);
        assertThat(warnings.of(pod("shop", "another"), START.plusSeconds(2))).isEmpty();
    }

    @Test
    void anAnswerGetsOld() {
        warnings.of(pod("shop", "pod-7"), START);
        warnings.of(pod("shop", "pod-7"), START.plus(RecentWarnings.FRESH));
        warnings.of(pod("shop", "pod-7"), START.minusSeconds(60));
        warnings.of(pod("bank", "pod-7"), START);

        assertThat(asked).containsExactly("shop", "shop", "shop", "bank");
    }

    @Test
    void withoutAnAnswerTheOneBeforeHoldsAndTheServerIsLeftAloneForAWhile() {
        warnings.of(pod("shop", "pod-7"), START);
        failure = new KubernetesClientException("events is forbidden", 403, null);

        assertThat(warnings.of(pod("shop", "pod-7"), START.plusSeconds(10))).containsExactly(WARNING);
        assertThat(warnings.of(pod("shop", "pod-7"), START.plusSeconds(69))).containsExactly(WARNING);
        assertThat(asked).hasSize(2);
        warnings.of(pod("shop", "pod-7"), START.plusSeconds(70));
        assertThat(asked).hasSize(3);
    }

    private ClusterApi api() {
        return (ClusterApi) Proxy.newProxyInstance(
                ClusterApi.class.getClassLoader(), new Class<?>[] {ClusterApi.class}, (_, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("podWarnings");
                    asked.add((String) arguments[0]);
                    if (failure != null) {
                        throw failure;
                    }
                    return Map.of("pod-7", List.of(WARNING));
                });
    }

    private static Pod pod(String namespace, String uid) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withUid(uid)
                .endMetadata()
                .build();
    }
}
