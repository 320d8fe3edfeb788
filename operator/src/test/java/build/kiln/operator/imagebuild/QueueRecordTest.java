package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.PlatformStatusBuilder;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.api.v1alpha1.RunBuilder;
import build.kiln.operator.admission.AdmissionVerdict.Limit;
import build.kiln.operator.admission.AdmissionVerdict.Wait;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class QueueRecordTest {
    private static final String AMD64 = "api-1-linux-amd64-1";
    private static final String ARM64 = "api-1-linux-arm64-1";

    @Test
    void saysWhichLimitAndWhichPlace() {
        ImageBuildStatus status = QueueRecord.upToDate(building(), Map.of(ARM64, cluster(7), AMD64, cluster(3)));

        assertThat(run(status).queuePosition()).isEqualTo(3);
        assertThat(platform(status, ARM64).state()).isEqualTo(State.Pending);
        assertThat(platform(status, ARM64).reason()).isEqualTo("Queued");
        assertThat(platform(status, ARM64).message())
                .isEqualTo("the limit of 4 platforms that build at once in the cluster is reached (chart value"
                        + " admission.maxRunning); position 7 in the queue");
    }

    @ParameterizedTest
    @EnumSource
    void namesWhatToChangeForEveryLimit(Limit limit) {
        ImageBuildStatus status = QueueRecord.upToDate(building(), Map.of(ARM64, new Wait(limit, 2, 1)));

        assertThat(platform(status, ARM64).message())
                .contains(
                        "limit of 2",
                        switch (limit) {
                            case Namespace -> "kiln.build/max-running-platforms";
                            case Platform -> "admission.maxRunningPerPlatform";
                            case Cluster -> "admission.maxRunning)";
                        });
    }

    @Test
    void saysThatANamespaceIsClosed() {
        ImageBuildStatus status = QueueRecord.upToDate(building(), Map.of(ARM64, new Wait(Limit.Namespace, 0, 1)));

        assertThat(platform(status, ARM64).message()).contains("lets no platform build");
    }

    @Test
    void leavesOtherPlatformsAlone() {
        ImageBuildStatus status = QueueRecord.upToDate(building(), Map.of(ARM64, cluster(1)));

        assertThat(platform(status, AMD64)).isEqualTo(platform(building(), AMD64));
    }

    /** A write for each start ahead of each platform would be very many. */
    @ParameterizedTest
    @CsvSource({
        "1, 1, false",
        "5, 4, true",
        "4, 5, true",
        "40, 37, false",
        "40, 36, true",
        "40, 44, true",
        "200, 181, false"
    })
    void isWrittenAgainOnlyWhenThePlaceHasChangedEnough(int recorded, int now, boolean written) {
        ImageBuildStatus before = QueueRecord.upToDate(building(), Map.of(ARM64, cluster(recorded)));

        ImageBuildStatus after = QueueRecord.upToDate(before, Map.of(ARM64, cluster(now)));

        assertThat(!after.equals(before)).isEqualTo(written);
    }

    @Test
    void isWrittenAgainWhenAnotherLimitIsTheReason() {
        ImageBuildStatus before = QueueRecord.upToDate(building(), Map.of(ARM64, cluster(5)));

        ImageBuildStatus after = QueueRecord.upToDate(before, Map.of(ARM64, new Wait(Limit.Platform, 4, 5)));

        assertThat(platform(after, ARM64).message()).contains("builds of linux/arm64");
    }

    @Test
    void staysUntilItIsAskedForAgain() {
        ImageBuildStatus before = QueueRecord.upToDate(building(), Map.of(ARM64, cluster(5)));

        assertThat(QueueRecord.upToDate(before, Map.of())).isEqualTo(before);
    }

    @Test
    void forgetsThePlaceWhenThePodsAreThere() {
        ImageBuildStatus queued = QueueRecord.upToDate(building(), Map.of(ARM64, cluster(5)));
        ImageBuildStatus started = ImageBuildStatusBuilder.builder(queued)
                .platforms(List.of(
                        platform(queued, AMD64),
                        PlatformStatusBuilder.builder(platform(queued, ARM64))
                                .state(State.Starting)
                                .reason("Scheduling")
                                .build()))
                .build();

        assertThat(run(QueueRecord.upToDate(started, Map.of())).queuePosition()).isNull();
    }

    /** An operator may stand still between asking and recording; the answer is old then. */
    @ParameterizedTest
    @EnumSource(value = State.class, mode = EnumSource.Mode.EXCLUDE, names = "Pending")
    void nothingThatHasStartedIsSentBack(State state) {
        ImageBuildStatus started = ImageBuildStatusBuilder.builder(building())
                .platforms(List.of(PlatformStatusBuilder.builder(platform(building(), ARM64))
                        .state(state)
                        .build()))
                .build();

        assertThat(QueueRecord.upToDate(started, Map.of(ARM64, cluster(5)))).isEqualTo(started);
    }

    @Test
    void makesRoomForTheReasonWhyAPodCannotBeCreated() {
        ImageBuildStatus queued = QueueRecord.upToDate(building(), Map.of(ARM64, cluster(5)));
        Run refused = RunUpdates.triedInVain(run(queued), Instant.EPOCH, "quota");

        ImageBuildStatus status = QueueRecord.upToDate(
                ImageBuildStatusBuilder.builder(queued).run(refused).build(), Map.of());

        assertThat(run(status).queuePosition()).isNull();
        assertThat(run(status).message()).isEqualTo("quota");
        assertThat(platform(status, ARM64).reason()).isNull();
    }

    @Test
    void doesNotTouchARunThatIsOver() {
        ImageBuildStatus failed = ImageBuildStatusBuilder.builder(building())
                .run(RunBuilder.builder(run(building())).phase(Phase.Failed).build())
                .build();

        assertThat(QueueRecord.upToDate(failed, Map.of(ARM64, cluster(5)))).isEqualTo(failed);
    }

    private static Wait cluster(int position) {
        return new Wait(Limit.Cluster, 4, position);
    }

    private static ImageBuildStatus building() {
        return ImageBuildStatusBuilder.builder()
                .run(RunBuilder.builder().number(1).phase(Phase.Building).build())
                .platforms(List.of(pending("linux/amd64", AMD64), pending("linux/arm64", ARM64)))
                .build();
    }

    private static PlatformStatus pending(String platform, String pod) {
        return PlatformStatusBuilder.builder()
                .platform(platform)
                .state(State.Pending)
                .attempt(1)
                .podName(pod)
                .build();
    }

    private static Run run(ImageBuildStatus status) {
        return Objects.requireNonNull(status.run());
    }

    private static PlatformStatus platform(ImageBuildStatus status, String pod) {
        return RunPlanner.platformsOf(status).stream()
                .filter(one -> pod.equals(one.podName()))
                .findFirst()
                .orElseThrow();
    }
}
