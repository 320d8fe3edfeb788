package build.kiln.operator;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes part in the election of one active replica. A replica that loses the lease ends its process: whatever it was doing
 * belongs to another one now. An election that has come to a standstill, which an outage of the API server can cause, shows as
 * a failing liveness probe.
 */
final class Leadership implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);
    private static final Duration LEASE = Duration.ofSeconds(15);
    private static final Duration RENEW_DEADLINE = Duration.ofSeconds(10);
    private static final Duration RETRY_PERIOD = Duration.ofSeconds(2);
    private static final Duration WATCH_PERIOD = Duration.ofSeconds(15);

    /** With the API server answering, somebody must have taken the lease by then. */
    static final Duration STANDSTILL = Duration.ofSeconds(90);

    private final KubernetesClient client;
    private final Replica replica;
    private final InstantSource clock;
    private final Consumer<String> lost;
    private final ScheduledExecutorService watcher = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("leadership").factory());
    private volatile @Nullable Instant vacantSince;
    private volatile Runnable active = () -> {};

    /**
     * @param client for the API server
     * @param replica this one
     * @param clock tells the time
     * @param lost is told when this replica has to end
     */
    Leadership(KubernetesClient client, Replica replica, InstantSource clock, Consumer<String> lost) {
        this.client = client;
        this.replica = replica;
        this.clock = clock;
        this.lost = lost;
    }

    LeaderElectionConfiguration configuration() {
        return LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(replica.leaseName())
                .withLeaseNamespace(replica.namespace())
                .withIdentity(replica.identity())
                .withLeaseDuration(LEASE)
                .withRenewDeadline(RENEW_DEADLINE)
                .withRetryPeriod(RETRY_PERIOD)
                .withExitOnStopLeading(false)
                .withLeaderCallbacks(new LeaderCallbacks(
                        this::activated,
                        () -> lost.accept("the lease " + replica.leaseName() + " was lost"),
                        this::elected))
                .build();
    }

    /** Is told when this replica becomes the active one. */
    void onActive(Runnable handler) {
        active = handler;
    }

    /** Starts to look whether the election makes progress. */
    void watch() {
        long period = WATCH_PERIOD.toMillis();
        var _ = watcher.scheduleWithFixedDelay(this::look, period, period, TimeUnit.MILLISECONDS);
    }

    /** What is wrong with the election; empty when nothing is. */
    Optional<String> problem() {
        Instant since = vacantSince;
        return since != null && since.plus(STANDSTILL).isBefore(clock.instant())
                ? Optional.of("nobody has held the lease " + replica.leaseName() + " since " + since)
                : Optional.empty();
    }

    /** Gives the lease back, when this replica holds it. */
    @Override
    public void close() {
        watcher.shutdownNow();
        try {
            Lease lease = lease();
            if (lease != null && replica.identity().equals(lease.getSpec().getHolderIdentity())) {
                client.resource(new LeaseBuilder(lease)
                                .editSpec()
                                .withHolderIdentity("")
                                .withLeaseDurationSeconds(1)
                                .endSpec()
                                .build())
                        .lockResourceVersion(lease.getMetadata().getResourceVersion())
                        .update();
            }
        } catch (KubernetesClientException e) {
            // The lease then simply runs out.
            LOG.atWarn().addKeyValue("cause", e.getMessage()).log("the lease could not be given back");
        }
    }

    private void activated() {
        LOG.atInfo().addKeyValue("identity", replica.identity()).log("this replica is active");
        active.run();
    }

    private void elected(String leader) {
        if (!leader.isEmpty()) {
            LOG.atInfo().addKeyValue("leader", leader).log("a replica was elected");
        }
    }

    void look() {
        try {
            vacantSince = isVacant(lease()) ? firstSeen() : null;
        } catch (KubernetesClientException e) {
            // Without the API server nobody can be elected; restarting this process would not help.
            vacantSince = null;
        }
    }

    private Instant firstSeen() {
        Instant since = vacantSince;
        return since == null ? clock.instant() : since;
    }

    private boolean isVacant(@Nullable Lease lease) {
        if (lease == null
                || lease.getSpec().getHolderIdentity() == null
                || lease.getSpec().getHolderIdentity().isEmpty()
                || lease.getSpec().getRenewTime() == null) {
            return true;
        }
        return lease.getSpec().getRenewTime().toInstant().plus(LEASE).isBefore(clock.instant());
    }

    private @Nullable Lease lease() {
        return client.leases()
                .inNamespace(replica.namespace())
                .withName(replica.leaseName())
                .get();
    }
}
