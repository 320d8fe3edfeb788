package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.credentials.KubernetesCredentialReader;
import build.kiln.operator.imagebuild.BuildServices;
import build.kiln.operator.testing.ControlPlane;
import build.kiln.operator.testing.TestConfiguration;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.okhttp.OkHttpClientFactory;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okio.Buffer;
import org.junit.jupiter.api.Test;

/** etcd keeps every write of every build: the operator writes when something changed, and then once. */
class StatusWritesIT extends LiveOperator {
    private static final int MOST = 12;

    private final List<JsonNode> statuses = new CopyOnWriteArrayList<>();
    private final List<String> otherWrites = new CopyOnWriteArrayList<>();

    StatusWritesIT(ControlPlane.Access access) {
        super(access);
    }

    @Test
    void aBuildForTwoPlatformsTakesFew() throws Exception {
        try (KubernetesClient counted = countedClient();
                OperatorProcess operator = new OperatorProcess(
                        TestConfiguration.with("watchNamespaces: [" + namespace + "]\n"),
                        counted,
                        new BuildServices(new KubernetesCredentialReader(counted), services, services),
                        Optional.empty(),
                        Clock.systemUTC())) {
            operator.start();
            apply(GIT);
            List<Pod> pods = awaitPods(2);
            for (Pod pod : pods) {
                kubelet.start(pod);
                awaitReported(pod, "Building");
            }
            for (Pod pod : pods) {
                kubelet.succeed(pod, pushed());
                awaitReported(pod, "Succeeded");
            }
            awaitPhase(Run.Phase.Succeeded);
        }

        assertThat(statuses).hasSizeBetween(2, MOST);
        for (int i = 1; i < statuses.size(); i++) {
            assertThat(statuses.get(i)).as("write %d changes something", i + 1).isNotEqualTo(statuses.get(i - 1));
        }
        assertThat(otherWrites).as("the object itself belongs to its users").isEmpty();
    }

    private void awaitReported(Pod pod, String state) {
        awaitStatus(
                pod.getMetadata().getName() + " is " + state,
                () -> status().platforms() != null
                                && status().platforms().stream()
                                        .anyMatch(platform -> pod.getMetadata()
                                                        .getName()
                                                        .equals(platform.podName())
                                                && platform.state() != null
                                                && platform.state().name().equals(state))
                        ? status()
                        : null);
    }

    private KubernetesClient countedClient() {
        return new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(access.kubeconfig().toFile()))
                .withHttpClientFactory(new OkHttpClientFactory() {
                    @Override
                    protected void additionalConfig(OkHttpClient.Builder builder) {
                        builder.addInterceptor(StatusWritesIT.this::count);
                    }
                })
                .build();
    }

    private Response count(Interceptor.Chain chain) throws IOException {
        Request request = chain.request();
        String path = request.url().encodedPath();
        if (!request.method().equals("GET") && path.contains("/imagebuilds/")) {
            if (path.endsWith("/status") && request.body() != null) {
                Buffer body = new Buffer();
                request.body().writeTo(body);
                statuses.add(new ObjectMapper().readTree(body.readUtf8()).get("status"));
            } else {
                otherWrites.add(request.method() + " " + path);
            }
        }
        return chain.proceed(request);
    }
}
