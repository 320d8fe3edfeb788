package build.kiln.operator;

import build.kiln.operator.config.InvalidConfigurationException;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.credentials.KubernetesCredentialReader;
import build.kiln.operator.imagebuild.BuildServices;
import build.kiln.operator.imagebuild.StoredObjects;
import build.kiln.operator.publish.RegistryPublication;
import build.kiln.operator.source.GitRevisionResolver;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.okhttp.OkHttpClientFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator's process. Reads its configuration from the file that {@code KILN_CONFIG} names; {@code POD_NAMESPACE} and
 * {@code POD_NAME} say where and under which name it takes part in leader election.
 */
public final class KilnOperator {
    private static final Logger LOG = LoggerFactory.getLogger(KilnOperator.class);
    private static final String DEFAULT_CONFIGURATION = "/etc/kiln/config.yaml";
    private static final Duration GIT_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration PUBLISH_TIMEOUT = Duration.ofMinutes(5);

    private KilnOperator() {}

    /** Runs until it is told to stop; exit status 1 when it cannot run, or has lost its leadership. */
    public static void main(String[] arguments) {
        try {
            run(System.getenv());
        } catch (InvalidConfigurationException e) {
            LOG.atError().addKeyValue("cause", e.getMessage()).log("the configuration cannot be used");
            System.exit(1);
        } catch (IOException | RuntimeException e) {
            LOG.atError().setCause(e).log("the operator cannot start");
            System.exit(1);
        }
    }

    private static void run(Map<String, String> environment) throws InvalidConfigurationException, IOException {
        OperatorConfiguration configuration = OperatorConfiguration.load(
                Path.of(environment.getOrDefault(OperatorConfiguration.PATH_VARIABLE, DEFAULT_CONFIGURATION)));
        Optional<Replica> replica = Replica.of(environment, configuration.leaderElection());
        KubernetesClient client = client();
        RegistryPublication publication = new RegistryPublication(configuration, PUBLISH_TIMEOUT);
        BuildServices services = new BuildServices(
                new KubernetesCredentialReader(client), new GitRevisionResolver(GIT_TIMEOUT), publication);
        OperatorProcess process = new OperatorProcess(configuration, client, services, replica, Clock.systemUTC());
        process.onFailure(problem -> {
            LOG.atError().addKeyValue("cause", problem).log("the operator ends");
            // Exiting waits for the hook, and the hook for the thread that reports the failure.
            Thread.ofPlatform().name("exit").start(() -> System.exit(1));
        });
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> {
            process.close();
            publication.close();
            client.close();
        }));
        process.start();
    }

    private static KubernetesClient client() {
        Config config = new ConfigBuilder()
                .withWebsocketPingInterval(30_000)
                .withConnectionTimeout(5_000)
                .withRequestTimeout(10_000)
                .withUserAgent("kiln-operator")
                .build();
        return new KubernetesClientBuilder()
                .withConfig(config)
                .withHttpClientFactory(new OkHttpClientFactory())
                .withKubernetesSerialization(StoredObjects.serialization())
                .build();
    }
}
