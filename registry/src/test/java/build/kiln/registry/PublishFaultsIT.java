package build.kiln.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import build.kiln.registry.PublishFaults.Fault;
import build.kiln.registry.PublishFaults.Step;
import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.http.HttpSettings;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.http.RegistryTransport;
import build.kiln.registry.http.Sleeper;
import build.kiln.registry.http.TestTime;
import build.kiln.registry.image.Digest;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Publishing through a proxy that spoils one step, in front of a real registry. Whatever happens: the tag points at a
 * complete image, the old or the new one; and once the fault is gone the same call ends with the same digest.
 */
class PublishFaultsIT {
    private static final String TAG = PublishFaults.TAG;
    private static final TestImages.Pushed AMD64 = TestImages.attested("linux/amd64");
    private static final TestImages.Pushed ARM64 = TestImages.attested("linux/arm64");
    private static final TestImages.Pushed BEFORE = TestImages.plain("linux/riscv64");
    private static final String PATH = "shop/api";

    @TempDir
    static Path folder;

    private static ProxiedRegistry registry;
    /** The digest that an undisturbed publication gives. */
    private static Digest undisturbed;

    private final TestTime time = new TestTime();
    private FaultyProxy proxy;
    private ImagePublisher publisher;

    @BeforeAll
    static void startRegistry() throws Exception {
        registry = new ProxiedRegistry(folder);
        for (TestImages.Pushed pushed : List.of(AMD64, ARM64, BEFORE)) {
            pushed.pushTo(registry.client(), registry.behind(PATH));
        }
        try (ImagePublisher direct = registry.publisher(new TestTime())) {
            undisturbed = direct.publish(request(AMD64, ARM64)).digest();
        }
    }

    @AfterAll
    static void stopRegistry() throws Exception {
        registry.stop();
    }

    @BeforeEach
    void start() throws Exception {
        proxy = registry.proxy;
        publisher = registry.publisher(time);
        publishBefore();
    }

    /** Nothing but what the workers pushed is there, and a tag of another image. */
    private void publishBefore() throws Exception {
        proxy.fault(FaultyProxy.Fault.NONE);
        registry.client().deleteManifest(registry.behind(PATH).at(undisturbed));
        publisher.publish(request(BEFORE));
    }

    @AfterEach
    void stop() {
        publisher.close();
        proxy.fault(FaultyProxy.Fault.NONE);
    }

    private static PublishRequest request() {
        return request(AMD64, ARM64);
    }

    private static PublishRequest request(TestImages.Pushed... pushed) {
        return TestImages.request(
                registry.through(PATH),
                List.of(),
                List.of(TAG),
                CredentialSource.anonymous(),
                ProxiedRegistry.TIMEOUT,
                pushed);
    }

    static Stream<Arguments> passing() {
        return places(PublishFaults.PASSING);
    }

    @ParameterizedTest(name = "{1} at {0}")
    @MethodSource("passing")
    void whatPassesIsWaitedFor(Step step, Fault fault) throws Exception {
        proxy.fault(step.first(2, fault));

        assertThat(publisher.publish(request()).digest()).isEqualTo(undisturbed);

        assertTag(undisturbed);
    }

    @ParameterizedTest(name = "{1} at {0}")
    @MethodSource("passing")
    void whatDoesNotPassIsWorthAnotherTry(Step step, Fault fault) throws Exception {
        proxy.fault(step.always(fault));

        RegistryException failure = failure();

        assertThat(failure.isRetryable()).isTrue();
        assertThat(failure).isInstanceOf(fault.failure());
        assertResumes(step, fault);
    }

    static Stream<Arguments> lasting() {
        return places(PublishFaults.LASTING);
    }

    static Stream<Arguments> slow() {
        return places(List.of(PublishFaults.SILENT, PublishFaults.SLOW));
    }

    private static Stream<Arguments> places(List<Fault> faults) {
        return faults.stream().flatMap(fault -> fault.steps().stream().map(step -> Arguments.of(step, fault)));
    }

    @ParameterizedTest(name = "{1} at {0}")
    @MethodSource("lasting")
    void whatWaitingDoesNotCureIsNamedAtOnce(Step step, Fault fault) throws Exception {
        proxy.fault(step.always(fault));

        RegistryException failure = failure();

        assertThat(failure).isInstanceOf(fault.failure());
        assertThat(failure.isRetryable()).isFalse();
        assertThat(failure).hasMessageContaining(fault.says());
        assertThat(time.waits()).isEmpty();
        assertResumes(step, fault);
    }

    @ParameterizedTest
    @EnumSource(Step.class)
    void anAnswerThatIsLostChangesNothing(Step step) throws Exception {
        proxy.fault(step.first(1, PublishFaults.ANSWER_LOST));

        assertThat(publisher.publish(request()).digest()).isEqualTo(undisturbed);

        assertTag(undisturbed);
    }

    @ParameterizedTest
    @EnumSource(Step.class)
    void aRegistryThatAsksForALongPauseIsLeftAlone(Step step) throws Exception {
        for (Fault patient : List.of(
                PublishFaults.busy("3600"),
                PublishFaults.busy(PublishFaults.httpDate(time.instant().plus(Duration.ofHours(1)))))) {
            proxy.fault(step.always(patient));

            RegistryException failure = failure();

            assertThat(failure.retryAfter()).contains(Duration.ofHours(1));
            assertThat(time.waits()).isEmpty();
            assertResumes(step, patient);
            publishBefore();
        }
    }

    @ParameterizedTest
    @EnumSource(Step.class)
    void aPauseThatIsAskedForIsMade(Step step) throws Exception {
        proxy.fault(step.first(1, PublishFaults.busy("7")));
        publisher.publish(request());
        proxy.fault(step.first(
                1, PublishFaults.busy(PublishFaults.httpDate(time.instant().plusSeconds(9)))));
        publisher.publish(request());

        // Several requests may be under way when the registry asks for the pause.
        assertThat(time.waits()).contains(Duration.ofSeconds(7)).last().isEqualTo(Duration.ofSeconds(9));
    }

    @ParameterizedTest(name = "{1} at {0}")
    @MethodSource("slow")
    void aRegistryThatDoesNotGoOnIsNotWaitedForWithoutEnd(Step step, Fault fault) throws Exception {
        HttpSettings once = new HttpSettings(
                ProxiedRegistry.TIMEOUT,
                ProxiedRegistry.TIMEOUT,
                Duration.ofMillis(500),
                1,
                Duration.ofMillis(1),
                Duration.ofMillis(1));
        proxy.fault(step.always(fault));
        try (ImagePublisher hurried = new ImagePublisher(
                new RegistryTransport(registry.configuration, once, Clock.systemUTC(), Sleeper.system()))) {
            RegistryException failure = catchThrowableOfType(RegistryException.class, () -> hurried.publish(request()));

            assertThat(failure).isInstanceOf(fault.failure()).hasMessageContaining(fault.says());
        }
        assertResumes();
    }

    @Test
    void aPlatformThatIsCollectedMeanwhileIsNamedAndCanBePushedAgain() throws Exception {
        FaultyProxy.Fault collector = (request, registry) -> {
            if (request.getMethod().equals("PUT")) {
                delete(ARM64.image().digest());
            }
            return null;
        };
        proxy.fault(collector);

        assertThat(failure())
                .isInstanceOfSatisfying(
                        RegistryException.PlatformsMissing.class,
                        missing -> assertThat(missing.platforms()).containsExactly(ARM64.platform()));

        ARM64.pushTo(registry.client(), registry.behind(PATH));
        assertResumes();
    }

    private void delete(Digest digest) {
        try {
            registry.client().deleteManifest(registry.behind(PATH).at(digest));
        } catch (RegistryException e) {
            throw new AssertionError(e);
        }
    }

    private RegistryException failure() {
        return catchThrowableOfType(RegistryException.class, () -> publisher.publish(request()));
    }

    /** The tag was moved only if the registry did what was left to do; and the same call resumes. */
    private void assertResumes(Step step, Fault fault) throws Exception {
        boolean done = step == Step.READ_TAG || (step == Step.PUT_TAG && fault.isAfterwards());
        assertThat(tagged()).isEqualTo(done ? undisturbed : BEFORE.image().digest());
        assertResumes();
    }

    /** The tag points at a complete image; and the same call ends as it should have as soon as the fault is gone. */
    private void assertResumes() throws Exception {
        assertThat(tagged()).isIn(BEFORE.image().digest(), undisturbed);
        assertTag(tagged());
        proxy.fault(FaultyProxy.Fault.NONE);

        assertThat(publisher.publish(request()).digest()).isEqualTo(undisturbed);

        assertTag(undisturbed);
    }

    private Digest tagged() throws RegistryException {
        return registry.tagged(PATH, TAG);
    }

    private void assertTag(Digest expected) throws Exception {
        assertThat(tagged()).isEqualTo(expected);
        assertThat(registry.missing(PATH, expected)).isEmpty();
    }
}
