package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.PlatformStatus.State;
import build.kiln.api.v1alpha1.PlatformStatus.VolumeState;
import build.kiln.api.v1alpha1.Run.Phase;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.imagebuild.WorkerPod.Deletion;
import build.kiln.operator.worker.WorkerAssignment;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which volume a platform uses, when, and what becomes of the others. */
class CacheVolumesTest {
    private static final String AMD64 = "linux/amd64";
    private static final String CLAIM = "shop-api-cache-linux-amd64";
    private static final String WITH_VOLUME = "cache: {volume: {size: 20Gi}}";

    @Test
    void everyRunUsesThePlatformsVolumeAgain() {
        Scenario build = succeeded(WITH_VOLUME);
        assertThat(build.claims).containsOnlyKeys(CLAIM, "shop-api-cache-linux-arm64");

        build.requestRebuild("again");
        assertThat(create(build).assignments())
                .extracting(WorkerAssignment::claimName)
                .containsExactly(CLAIM, "shop-api-cache-linux-arm64");
    }

    @Test
    void aVolumeHasOneWriterAndTheNextPodWaitsForIt() {
        Scenario build = new Scenario(spec(WITH_VOLUME));
        build.run();
        build.end(AMD64, build.running());
        build.requestRebuild("again");
        build.terminateInsteadOfDeleting();

        assertThat(build.currentRun().number()).isEqualTo(2);
        PlatformStatus waiting = build.platform(AMD64);
        assertThat(waiting.state()).isEqualTo(State.Pending);
        assertThat(waiting.reason()).isEqualTo("CacheVolumeInUse");
        assertThat(waiting.message()).contains("shop-api-1-linux-amd64-1");
        assertThat(build.condition("Reconciling").orElseThrow().message()).contains("shop-api-1-linux-amd64-1");
        assertThat(build.settle())
                .isInstanceOfSatisfying(
                        Decision.Wait.class, wait -> assertThat(wait.until()).isNotNull());

        build.pods.values().removeIf(pod -> pod.run() == 1);
        assertThat(create(build).assignments()).hasSize(2);
        assertThat(build.platform(AMD64).reason()).isNull();
    }

    /** It was judged before its deletion was seen; its node may still start it. */
    @Test
    void aPodThatWasGivenUpAsLateKeepsTheVolumeUntilItsDeletionIsSeen() {
        Scenario build = new Scenario(spec(WITH_VOLUME));
        build.run();
        WorkerPod late = Objects.requireNonNull(build.pods.get("shop-api-1-linux-amd64-1"));
        build.become(late, Deletion.Requested, build.failed(AMD64, OfPod.NOT_STARTED));
        build.settle();
        build.pass(Duration.ofSeconds(10));
        build.settle();
        assertThat(build.platform(AMD64).podName()).isEqualTo("shop-api-1-linux-amd64-2");
        assertThat(build.platform(AMD64).reason()).isEqualTo("CacheVolumeInUse");

        build.become(late, Deletion.Acknowledged, build.failed(AMD64, OfPod.NODE_GONE));
        assertThat(create(build).assignments())
                .extracting(WorkerAssignment::attempt)
                .contains(2);
    }

    @Test
    void withoutAVolumeNobodyWaits() {
        Scenario build = new Scenario(spec(""));
        build.run();
        build.end(AMD64, build.running());
        build.requestRebuild("again");
        build.terminateInsteadOfDeleting();

        assertThat(build.pods).containsKey("shop-api-2-linux-amd64-1");
        assertThat(build.claims).isEmpty();
    }

    @Test
    void anAttemptThatCannotUseItsVolumeIsFollowedByOneWithout() {
        Scenario build = new Scenario(spec(WITH_VOLUME));
        build.run();
        build.end(AMD64, build.failed(AMD64, OfPod.CACHE_VOLUME_UNAVAILABLE));
        build.run();
        assertThat(build.platform(AMD64).state()).isEqualTo(State.Retrying);

        build.pass(Duration.ofSeconds(10));
        assertThat(create(build).assignments())
                .extracting(WorkerAssignment::claimName)
                .containsExactly((String) null);
        build.run();
        build.end(AMD64, build.succeeded(AMD64));
        build.settle();

        PlatformStatus done = build.platform(AMD64);
        assertThat(done.failedAttempts()).containsExactly(FailureReason.CacheVolumeUnavailable);
        assertThat(done.cacheVolume()).isNotNull().satisfies(volume -> {
            assertThat(volume.state()).isEqualTo(VolumeState.Unavailable);
            assertThat(volume.message()).contains(CLAIM, ImageBuild.EMPTY_CACHE_ANNOTATION);
        });
        assertThat(build.claims).containsKey(CLAIM);
    }

    @Test
    void aRequestGivesUpEveryVolumeAndTheNextRunGetsOthers() {
        Scenario build = succeeded(WITH_VOLUME);
        build.annotations.put(ImageBuild.EMPTY_CACHE_ANNOTATION, "now");
        build.run();

        assertThat(build.claims.values()).allMatch(CacheClaim::terminating);
        assertThat(build.status.lastHandledEmptyCacheAt()).isEqualTo("now");
        assertThat(build.currentRun().phase()).isEqualTo(Phase.Succeeded);
        assertThat(build.currentRun().number()).isEqualTo(1);

        build.requestRebuild("again");
        assertThat(create(build).assignments())
                .extracting(WorkerAssignment::claimName)
                .containsExactly(CLAIM + "-2", "shop-api-cache-linux-arm64-2");
        build.run();
        assertThat(build.claims.get(CLAIM + "-2")).isNotNull().matches(claim -> !claim.terminating());
    }

    @Test
    void aRunUnderWayKeepsTheVolumeThatItsPodUses() {
        Scenario build = new Scenario(spec(WITH_VOLUME));
        build.run();
        build.end(AMD64, build.running());
        build.annotations.put(ImageBuild.EMPTY_CACHE_ANNOTATION, "now");
        build.run();

        assertThat(build.status.lastHandledEmptyCacheAt()).isEqualTo("now");
        assertThat(build.platform(AMD64).state()).isEqualTo(State.Building);
        assertThat(Objects.requireNonNull(build.platform(AMD64).cacheVolume()).claimName())
                .isEqualTo(CLAIM);
    }

    @ParameterizedTest
    @ValueSource(strings = {"size: 30Gi", "size: 20Gi, storageClassName: fast"})
    void anotherRequestIsAnotherVolume(String volume) {
        Scenario build = succeeded(WITH_VOLUME);
        build.edit(spec("cache: {volume: {" + volume + "}}"));
        build.run();
        assertThat(build.claims.values()).allMatch(CacheClaim::terminating);

        build.requestRebuild("again");
        assertThat(create(build).assignments().getFirst().claimName()).isEqualTo(CLAIM + "-2");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            size: 20Gi                      | true
            size: 20Gi, retention: Retain   | false
            """)
    void volumesThatNobodyAsksForGoUnlessTheyAreRetained(String volume, boolean deleted) {
        Scenario build = succeeded("cache: {volume: {" + volume + "}}");
        build.edit(spec(""));
        build.run();

        assertThat(build.claims.values()).allMatch(claim -> claim.terminating() == deleted);
    }

    @Test
    void theVolumeOfAPlatformThatIsRemovedGoes() {
        Scenario build = succeeded(WITH_VOLUME);
        build.edit(spec(WITH_VOLUME).replace("[linux/amd64, linux/arm64]", "[linux/amd64]"));
        build.run();

        assertThat(build.claims.get(CLAIM)).isNotNull().matches(claim -> !claim.terminating());
        assertThat(build.claims.get("shop-api-cache-linux-arm64")).isNotNull().matches(CacheClaim::terminating);
    }

    @Test
    void retentionCountsForVolumesThatAreThere() {
        Scenario build = succeeded(WITH_VOLUME);
        build.edit(spec("cache: {volume: {size: 20Gi, retention: Retain}}"));
        build.run();
        assertThat(build.claims.values()).allMatch(claim -> claim.owner() == CacheClaim.Owner.Nobody);

        build.edit(spec(WITH_VOLUME));
        build.run();
        assertThat(build.claims.values()).allMatch(claim -> claim.owner() == CacheClaim.Owner.Build);
    }

    @Test
    void aVolumeThatStayedBehindIsFoundAgainAndAnotherObjectsIsNot() {
        Scenario build = new Scenario(spec("cache: {volume: {size: 20Gi, retention: Retain}}"));
        build.claims.put(CLAIM, claim(CLAIM, CacheClaim.Owner.Other));
        build.claims.put(CLAIM + "-5", claim(CLAIM + "-5", CacheClaim.Owner.Nobody));

        assertThat(create(build).assignments().getFirst().claimName()).isEqualTo(CLAIM + "-5");
        assertThat(build.claims.get(CLAIM)).isNotNull().matches(claim -> !claim.terminating());
    }

    private static CacheClaim claim(String name, CacheClaim.Owner owner) {
        return new CacheClaim(name, "linux-amd64", "20Gi of the default class", "2026-11-01T00:00:00Z", owner, false);
    }

    private static Scenario succeeded(String more) {
        Scenario build = new Scenario(spec(more));
        build.succeed();
        assertThat(build.currentRun().phase()).isEqualTo(Phase.Succeeded);
        return build;
    }

    private static Decision.CreatePods create(Scenario build) {
        for (int acts = 0; acts < 10; acts++) {
            Decision decision = build.settle();
            if (decision instanceof Decision.CreatePods create) {
                return create;
            }
            assertThat(build.carriesOut(decision)).as("%s", decision).isTrue();
        }
        throw new AssertionError("no pod is created: " + build.status);
    }

    private static String spec(String more) {
        return Specs.INLINE + more + "\n";
    }
}
