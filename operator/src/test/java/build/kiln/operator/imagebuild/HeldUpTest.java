package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.operator.status.Transition;
import build.kiln.operator.status.Transitions;
import build.kiln.operator.worker.WorkerObservation;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A pod that has its node and does not start: told where users look, once, and until it is over. */
class HeldUpTest {
    private static final String AMD64 = "linux/amd64";
    private static final String ARM64 = "linux/arm64";

    private final Scenario build = new Scenario(Specs.INLINE);

    @BeforeEach
    void start() {
        build.run();
        build.end(AMD64, waiting("ContainerCreating", "the containers are being created", true));
        build.end(ARM64, build.running());
        build.run();
    }

    @Test
    void isToldBeforeThePlatformsThatBuild() {
        build.end(AMD64, waiting("FailedMount", "secret \"push\" not found", false));
        build.run();

        assertThat(build.condition("Ready").orElseThrow().reason()).isEqualTo("WorkerNotStarting");
        assertThat(build.condition("Reconciling").orElseThrow().message())
                .contains(
                        "0 of 2 platforms are built; linux/amd64 does not start (FailedMount): secret \"push\" not found")
                .endsWith("Pod: kubectl describe pod -n shop shop-api-1-linux-amd64-1");
    }

    @Test
    void aPullErrorIsToldInTheWordsThatSayWhy() {
        build.end(AMD64, waiting("ErrImagePull", "worker:1: not found", false));
        build.run();
        PlatformStatus told = build.platform(AMD64);
        build.end(AMD64, waiting("ImagePullBackOff", "Back-off pulling image", false));

        assertThat(build.settle()).isInstanceOf(Decision.Wait.class);
        assertThat(build.platform(AMD64)).isEqualTo(told);
        assertThat(build.condition("Ready").orElseThrow().message()).contains("worker:1: not found");
    }

    @Test
    void silenceDoesNotTakeItBack() {
        build.end(AMD64, waiting("FailedMount", "secret \"push\" not found", false));
        build.run();
        build.end(AMD64, waiting("ContainerCreating", "the containers are being created", true));
        build.run();

        assertThat(build.platform(AMD64).reason()).isEqualTo("FailedMount");
    }

    @Test
    void progressDoes() {
        build.end(AMD64, waiting("FailedMount", "secret \"push\" not found", false));
        build.run();
        build.end(AMD64, waiting("PodInitializing", "the containers are being created", false));
        build.run();

        assertThat(build.platform(AMD64).reason()).isEqualTo("PodInitializing");
        assertThat(build.condition("Ready").orElseThrow().reason()).isEqualTo("Building");
    }

    @Test
    void isAnEventOncePerReason() {
        var before = build.status;
        build.end(AMD64, waiting("FailedMount", "secret \"push\" not found", false));
        build.run();
        var heldUp = build.status;
        build.end(ARM64, build.succeeded(ARM64));
        build.run();

        assertThat(Transitions.between(before, heldUp)).singleElement().satisfies(event -> {
            assertThat(event.kind()).isEqualTo(Transition.Kind.Warning);
            assertThat(event.reason()).isEqualTo("WorkerNotStarting");
            assertThat(event.note()).contains(AMD64, "FailedMount", "secret \"push\" not found");
        });
        assertThat(Transitions.between(heldUp, build.status))
                .extracting(Transition::reason)
                .isEqualTo(List.of("PlatformSucceeded"));
    }

    @Test
    void isLookedAtAgainBeforeItsDeadline() {
        assertThat(build.settle()).isEqualTo(new Decision.Wait(build.now.plusSeconds(5)));
    }

    private WorkerObservation.Waiting waiting(String reason, String message, boolean unexplained) {
        return new WorkerObservation.Waiting(
                reason, message, build.now, build.now.plusSeconds(600), build.now.plusSeconds(5), unexplained);
    }
}
