package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.testing.ControlPlane;
import build.kiln.protocol.FailureReason;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Protocol;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.junit.jupiter.api.Test;

/** What users see of failures that are tried again, and of those that are not. */
class FailureIT extends LiveOperator {
    private static final String ONE = INLINE + "  platforms: [linux/amd64]\n";

    FailureIT(ControlPlane.Access access) {
        super(access);
    }

    @Test
    void triesAStalledBuildOnceMore() throws Exception {
        start();
        apply(ONE);
        kubelet.fail(awaitPods(1).getFirst(), FailureReason.BuildStalled, "no progress for 900 s");
        List<Pod> pods = awaitPods(2);

        kubelet.fail(pods.getLast(), FailureReason.BuildStalled, "no progress for 900 s");
        awaitPhase(Run.Phase.Failed);

        assertThat(condition("Stalled").reason()).isEqualTo("BuildStalled");
        assertThat(condition("Stalled").message()).contains("no progress for 900 s", "hello-1-linux-amd64-2");
        assertThat(platform().failedAttempts()).containsExactly(build.kiln.api.v1alpha1.FailureReason.BuildStalled);
        assertThat(pods()).hasSize(2);
    }

    @Test
    void givesMoreMemoryOnceWhereTheSpecSaysHowMuch() throws Exception {
        start();
        apply(ONE + "  retry: {memoryFactor: \"2.0\"}\n");
        Pod first = awaitPods(1).getFirst();
        kubelet.fail(first, FailureReason.OutOfMemory, "RUN make was killed");
        Pod second = awaitPods(2).getLast();

        assertThat(memory(second).getNumericalAmount())
                .isEqualByComparingTo(memory(first).getNumericalAmount().multiply(java.math.BigDecimal.TWO));
        assertThat(platform().memoryFactor()).isEqualTo("2.0");
        awaitEvents("PlatformRetrying");
        kubelet.fail(second, FailureReason.OutOfMemory, "RUN make was killed");
        awaitPhase(Run.Phase.Failed);
        assertThat(condition("Stalled").reason()).isEqualTo("OutOfMemory");
    }

    @Test
    void doesNotTryAgainWithoutMoreMemory() throws Exception {
        start();
        apply(ONE);

        kubelet.fail(awaitPods(1).getFirst(), FailureReason.OutOfMemory, "RUN make was killed");
        awaitPhase(Run.Phase.Failed);

        assertThat(condition("Stalled").reason()).isEqualTo("OutOfMemory");
        assertThat(pods()).hasSize(1);
    }

    @Test
    void saysWhyAPodDoesNotStartWhenOnlyAnEventTells() throws Exception {
        start();
        apply(ONE);
        Pod pod = awaitPods(1).getFirst();
        kubelet.take(pod);
        kubelet.warn(pod, "DNSConfigForming", "of no interest here");

        kubelet.warn(pod, "FailedMount", "MountVolume.SetUp failed for volume \"docker\" : secret \"push\" not found");
        awaitReason("WorkerNotStarting");

        assertThat(platform().reason()).isEqualTo("FailedMount");
        assertThat(condition("Reconciling").message())
                .contains("secret \"push\" not found", "Create the Secret", "kubectl describe pod");
        awaitEvents("WorkerNotStarting");
        kubelet.start(pod);
        awaitReason("Building");
    }

    @Test
    void buildsWhereEventsCannotBeRead() throws Exception {
        AtomicInteger refused = new AtomicInteger();
        start(access.client(chain -> {
            boolean asksForEvents = chain.request().method().equals("GET")
                    && chain.request().url().encodedPath().endsWith("/events");
            if (!asksForEvents) {
                return chain.proceed(chain.request());
            }
            refused.incrementAndGet();
            return new Response.Builder()
                    .request(chain.request())
                    .protocol(Protocol.HTTP_1_1)
                    .code(403)
                    .message("Forbidden")
                    .body(ResponseBody.create("", null))
                    .build();
        }));
        apply(ONE);
        Pod pod = awaitPods(1).getFirst();
        kubelet.take(pod);
        await("the question").atMost(LONGEST).until(() -> refused.get() > 0);

        kubelet.start(pod);
        awaitReason("Building");
        kubelet.succeed(pod, pushed());

        awaitPhase(Run.Phase.Succeeded);
        assertThat(condition("Ready").reason()).isEqualTo("Succeeded");
    }

    private PlatformStatus platform() {
        return Objects.requireNonNull(status().platforms()).getFirst();
    }

    private static Quantity memory(Pod pod) {
        Map<String, Quantity> requests =
                pod.getSpec().getInitContainers().getFirst().getResources().getRequests();
        return Objects.requireNonNull(requests.get("memory"));
    }
}
