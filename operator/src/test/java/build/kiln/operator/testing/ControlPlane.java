package build.kiln.operator.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.okhttp.OkHttpClientFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * A real etcd, API server and controller manager for the tests of this module, with Kiln's CustomResourceDefinition. Started
 * once per run of the tests and stopped after it, unless it ran before. There is no kubelet: a test plays it.
 */
public final class ControlPlane implements ParameterResolver {
    private static final String CLUSTER = "kiln-operator-it";

    /** The first start on a machine builds Kubernetes. */
    private static final long LONGEST_START_MINUTES = 40;

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Access.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getRoot()
                .getStore(ExtensionContext.Namespace.create(ControlPlane.class))
                .computeIfAbsent(Running.class, key -> Running.start(), Running.class)
                .access();
    }

    /**
     * How to reach it.
     *
     * @param kubeconfig file of the administrator
     * @param tools folder of the programs that belong to it, kubectl among them
     */
    public record Access(Path kubeconfig, Path tools) {
        /** A client of its own, as an operator has one. */
        public KubernetesClient client() {
            return client(configuration(), builder -> {});
        }

        /** A client whose requests go through an interceptor. What fails is tried again a few times only. */
        public KubernetesClient client(Interceptor interceptor) {
            Config config = configuration();
            config.setRequestRetryBackoffLimit(3);
            return client(config, builder -> builder.addInterceptor(interceptor));
        }

        /** A client at the other end of a wire. */
        public KubernetesClient client(Wire wire) {
            Config config = configuration();
            config.setMasterUrl("https://127.0.0.1:" + wire.port() + "/");
            config.setDisableHostnameVerification(true);
            return client(config, builder -> {});
        }

        /** A wire to the API server. */
        public Wire wire() throws IOException {
            URI server = URI.create(configuration().getMasterUrl());
            return new Wire(new InetSocketAddress(server.getHost(), server.getPort()));
        }

        private Config configuration() {
            return Config.fromKubeconfig(kubeconfig.toFile());
        }

        private static KubernetesClient client(Config config, Consumer<OkHttpClient.Builder> change) {
            return new KubernetesClientBuilder()
                    .withConfig(config)
                    .withHttpClientFactory(new OkHttpClientFactory() {
                        @Override
                        protected void additionalConfig(OkHttpClient.Builder builder) {
                            change.accept(builder);
                        }
                    })
                    .build();
        }
    }

    private record Running(Access access, boolean stopAfterwards) implements AutoCloseable {
        static Running start() {
            boolean runs = state().equals("running");
            if (!runs) {
                kiln("up", "--control-plane-only");
            }
            JsonNode cluster = description();
            Access access = new Access(
                    Path.of(cluster.get("kubeconfig").asText()),
                    Path.of(cluster.get("bin").asText()));
            define(access);
            return new Running(access, !runs);
        }

        @Override
        public void close() {
            if (stopAfterwards) {
                kiln("down");
            }
        }

        private static void define(Access access) {
            Path file = root().resolve("crds/imagebuilds.kiln.build.yaml");
            try (KubernetesClient client = access.client();
                    var stream = Files.newInputStream(file)) {
                CustomResourceDefinition definition = client.apiextensions()
                        .v1()
                        .customResourceDefinitions()
                        .load(stream)
                        .forceConflicts()
                        .serverSideApply();
                client.resource(definition)
                        .waitUntilCondition(
                                current -> current != null
                                        && current.getStatus() != null
                                        && current.getStatus().getConditions() != null
                                        && current.getStatus().getConditions().stream()
                                                .anyMatch(condition -> condition
                                                                .getType()
                                                                .equals("Established")
                                                        && condition.getStatus().equals("True")),
                                1,
                                TimeUnit.MINUTES);
            } catch (IOException e) {
                throw new IllegalStateException(file + " cannot be read", e);
            }
        }

        private static String state() {
            return description().path("state").asText();
        }

        private static JsonNode description() {
            try {
                return new ObjectMapper().readTree(kiln("status", "-o", "json"));
            } catch (IOException e) {
                throw new IllegalStateException("the cluster tool does not describe the cluster in JSON", e);
            }
        }
    }

    private static Path root() {
        return Path.of(System.getProperty("kiln.root", ".."));
    }

    private static String kiln(String... arguments) {
        String script = System.getenv()
                .getOrDefault("KILN_SCRIPT", root().resolve("kiln").toString());
        ProcessBuilder builder = new ProcessBuilder(script, "cluster");
        builder.command().addAll(List.of(arguments));
        builder.environment().put("KILN_CLUSTER", CLUSTER);
        try {
            Path output = Files.createTempFile("kiln-cluster", ".log");
            Path errors = Files.createTempFile("kiln-cluster", ".err");
            Process process = builder.redirectOutput(output.toFile())
                    .redirectError(errors.toFile())
                    .start();
            if (!process.waitFor(LONGEST_START_MINUTES, TimeUnit.MINUTES)) {
                process.destroy();
                throw new IllegalStateException(String.join(" ", builder.command()) + " takes too long; see " + errors);
            }
            if (process.exitValue() != 0) {
                throw new IllegalStateException(
                        String.join(" ", builder.command()) + " failed: " + Files.readString(errors));
            }
            return Files.readString(output);
        } catch (IOException e) {
            throw new IllegalStateException("cannot run " + script, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + script + " ran", e);
        }
    }
}
