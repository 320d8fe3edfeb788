package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.operator.testing.ControlPlane;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(ControlPlane.class)
class LeadershipIT {
    private static final Duration LONG = Leadership.STANDSTILL.plusSeconds(1);

    private final KubernetesClient client;
    private final Replica replica;
    private final Leadership leadership;
    private Instant now = Instant.parse("2026-11-23T10:00:00Z");

    LeadershipIT(ControlPlane.Access access) {
        client = access.client();
        replica = new Replica("default", "lease-" + UUID.randomUUID(), "me");
        leadership = new Leadership(client, replica, () -> now, problem -> {});
    }

    @AfterEach
    void delete() {
        client.leases().inNamespace("default").withName(replica.leaseName()).delete();
        client.close();
    }

    @Test
    void reportsAnElectionThatNobodyWins() {
        leadership.look();
        assertThat(leadership.problem()).isEmpty();

        now = now.plus(LONG);
        leadership.look();

        assertThat(leadership.problem())
                .hasValueSatisfying(
                        problem -> assertThat(problem).contains(replica.leaseName(), "2026-11-23T10:00:00Z"));
    }

    @Test
    void isContentAsLongAsSomebodyRenewsTheLease() {
        leadership.look();
        now = now.plus(LONG);
        hold("somebody else");

        leadership.look();

        assertThat(leadership.problem()).isEmpty();
    }

    @Test
    void reportsALeaseThatIsNotRenewedAnyMore() {
        hold("somebody else");
        now = now.plusSeconds(20);
        leadership.look();

        now = now.plus(LONG);
        leadership.look();

        assertThat(leadership.problem()).isPresent();
    }

    @Test
    void givesBackOnlyItsOwnLease() {
        hold("somebody else");

        leadership.close();

        assertThat(holder()).isEqualTo("somebody else");
    }

    @Test
    void givesItsLeaseBack() {
        hold("me");

        leadership.close();

        assertThat(holder()).isEmpty();
    }

    private void hold(String holder) {
        client.resource(new LeaseBuilder()
                        .withNewMetadata()
                        .withNamespace("default")
                        .withName(replica.leaseName())
                        .endMetadata()
                        .withNewSpec()
                        .withHolderIdentity(holder)
                        .withLeaseDurationSeconds(15)
                        .withRenewTime(ZonedDateTime.ofInstant(now, ZoneOffset.UTC))
                        .endSpec()
                        .build())
                .create();
    }

    private String holder() {
        return Objects.requireNonNullElse(
                client.leases()
                        .inNamespace("default")
                        .withName(replica.leaseName())
                        .require()
                        .getSpec()
                        .getHolderIdentity(),
                "");
    }
}
