package build.kiln.operator;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.cleanup.OrphanSweep;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.http.HealthServer;
import build.kiln.operator.http.HealthServer.Health;
import build.kiln.operator.imagebuild.BuildServices;
import build.kiln.operator.imagebuild.ImageBuildReconciler;
import build.kiln.operator.metrics.BuildMetrics;
import build.kiln.operator.metrics.NodeMetrics;
import build.kiln.operator.metrics.QueueMetrics;
import build.kiln.operator.status.EventRecorder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.ConfigurationServiceOverrider;
import io.javaoperatorsdk.operator.api.config.ControllerConfigurationOverrider;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetrics;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Everything that runs in the operator, put together, started and stopped in order. */
final class OperatorProcess implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OperatorProcess.class);
    private static final Duration RESYNC = Duration.ofMinutes(3);
    private static final Duration STOP = Duration.ofSeconds(5);
    private static final int FIRST_RETRY_MILLIS = 1_000;
    private static final int LAST_RETRY_MILLIS = 300_000;

    private final OperatorConfiguration configuration;
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final BuildMetrics metrics = new BuildMetrics(registry);
    private final EventRecorder events;
    private final Optional<Leadership> leadership;
    private final Operator operator;
    private final Readiness readiness;
    private final OrphanSweep sweep;
    private final QueueMetrics queue;
    private final NodeMetrics nodes;
    private final AtomicBoolean stopping = new AtomicBoolean();
    private volatile Consumer<String> failure = problem -> {};
    private @Nullable HealthServer http;

    OperatorProcess(
            OperatorConfiguration configuration,
            KubernetesClient client,
            BuildServices services,
            Optional<Replica> replica,
            Clock clock) {
        this.configuration = configuration;
        this.events = new EventRecorder(client, replica.map(Replica::identity).orElse("kiln-operator"), clock);
        this.leadership = replica.map(one -> new Leadership(client, one, clock, this::fail));
        this.operator = new Operator(overrider -> configure(overrider, client));
        this.readiness = new Readiness(operator);
        this.sweep = new OrphanSweep(
                client, configuration.watchNamespaces(), configuration.worker().sweepInterval(), registry);
        leadership.ifPresent(election -> election.onActive(sweep::start));
        ImageBuildReconciler reconciler =
                new ImageBuildReconciler(configuration, client, services, events, metrics, clock);
        operator.register(reconciler, this::configure);
        metrics.watch(reconciler::statuses);
        this.queue = new QueueMetrics(registry, reconciler::queue);
        this.nodes = new NodeMetrics(registry, reconciler::unsupportedNodes);
    }

    /** Is told, at most once, when the process cannot go on. */
    void onFailure(Consumer<String> handler) {
        failure = handler;
    }

    /**
     * Starts, and returns once the caches are filled.
     *
     * @throws IOException when the port is taken
     */
    void start() throws IOException {
        http = HealthServer.start(configuration.http().port(), this::liveness, readiness::health, this::scrape);
        operator.start();
        leadership.ifPresentOrElse(Leadership::watch, sweep::start);
        LOG.atInfo()
                .addKeyValue(
                        "namespaces",
                        configuration.watchNamespaces().isEmpty() ? "all" : configuration.watchNamespaces())
                .addKeyValue("leaderElection", leadership.isPresent())
                .log("the operator is ready");
    }

    /** The port of health and metrics. */
    int port() {
        return Objects.requireNonNull(http, "start() comes first").port();
    }

    /** Stops within seconds and gives the lease back, so that another replica goes on at once. */
    @Override
    public void close() {
        if (!stopping.compareAndSet(false, true)) {
            return;
        }
        LOG.atInfo().log("the operator stops");
        sweep.close();
        operator.stop();
        leadership.ifPresent(Leadership::close);
        events.close();
        if (http != null) {
            http.close();
        }
    }

    private String scrape() {
        queue.update();
        nodes.update();
        return registry.scrape();
    }

    private void fail(String problem) {
        if (!stopping.get()) {
            failure.accept(problem);
        }
    }

    private Health liveness() {
        return leadership
                .flatMap(Leadership::problem)
                .map(problem -> new Health(false, problem))
                .orElseGet(() -> new Health(true, "ok"));
    }

    private void configure(ConfigurationServiceOverrider overrider, KubernetesClient client) {
        overrider
                .withKubernetesClient(client)
                .withCloseClientOnStop(false)
                .checkingCRDAndValidateLocalModel(false)
                .withUseSSAToPatchPrimaryResource(false)
                .withExecutorService(Executors.newVirtualThreadPerTaskExecutor())
                .withMetrics(MicrometerMetrics.withoutPerResourceMetrics(registry))
                .withReconciliationTerminationTimeout(STOP)
                .withInformerStoppedHandler((informer, cause) -> {
                    if (cause != null) {
                        fail("a watch of the API server ended for good: " + cause);
                    }
                });
        leadership.ifPresent(election -> overrider.withLeaderElectionConfiguration(election.configuration()));
    }

    private void configure(ControllerConfigurationOverrider<ImageBuild> overrider) {
        overrider
                .withName("imagebuild")
                .withGenerationAware(false)
                .withOnUpdateFilter(ImageBuildReconciler::asksForSomething)
                .withReconciliationMaxInterval(RESYNC)
                .withRetry(new GenericRetry()
                        .setInitialInterval(FIRST_RETRY_MILLIS)
                        .setIntervalMultiplier(2)
                        .setMaxInterval(LAST_RETRY_MILLIS)
                        .withoutMaxAttempts());
        if (!configuration.watchNamespaces().isEmpty()) {
            overrider.settingNamespaces(Set.copyOf(configuration.watchNamespaces()));
        }
    }
}
