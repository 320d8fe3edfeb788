package build.kiln.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import build.kiln.registry.PublishFaults.Step;
import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.auth.DockerConfig;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.http.TestTime;
import build.kiln.registry.image.Digest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Publishing to a real registry behind tokens that end in the middle, and redirects that lead elsewhere. */
class GuardedPublishIT {
    private static final String PATH = "shop/api";
    private static final String TAG = PublishFaults.TAG;
    private static final TestImages.Pushed AMD64 = TestImages.attested("linux/amd64");
    private static final TestImages.Pushed ARM64 = TestImages.attested("linux/arm64");

    @TempDir
    static Path folder;

    private static ProxiedRegistry registry;
    private static Digest undisturbed;

    private final TestTime time = new TestTime();
    private ImagePublisher publisher;

    @BeforeAll
    static void startRegistry() throws Exception {
        registry = new ProxiedRegistry(folder);
        AMD64.pushTo(registry.client(), registry.behind(PATH));
        ARM64.pushTo(registry.client(), registry.behind(PATH));
        try (ImagePublisher open = registry.publisher(new TestTime())) {
            undisturbed = open.publish(request(CredentialSource.anonymous())).digest();
        }
    }

    @AfterAll
    static void stopRegistry() throws Exception {
        registry.stop();
    }

    @BeforeEach
    void start() throws Exception {
        publisher = registry.publisher(time);
        registry.client().deleteManifest(registry.behind(PATH).at(undisturbed));
    }

    @AfterEach
    void stop() {
        publisher.close();
        registry.proxy.fault(FaultyProxy.Fault.NONE);
    }

    private static PublishRequest request(CredentialSource credentials) {
        return TestImages.request(
                registry.through(PATH), List.of(), List.of(TAG), credentials, ProxiedRegistry.TIMEOUT, AMD64, ARM64);
    }

    private static PublishRequest request() throws Exception {
        byte[] json = TokenGate.dockerConfig(registry.proxy.host()).getBytes(StandardCharsets.UTF_8);
        return request(DockerConfig.parse(json, "Secret shop/push"));
    }

    /** The first request of all has a token that was made for it; when that is refused there is nothing left to try. */
    @ParameterizedTest
    @EnumSource(value = Step.class, mode = EnumSource.Mode.EXCLUDE, names = "READ_RESULTS")
    void aTokenThatExpiresInTheMiddleIsReplaced(Step step) throws Exception {
        TokenGate gate = new TokenGate(registry.proxy, FaultyProxy.Fault.NONE);
        AtomicBoolean expired = new AtomicBoolean();
        registry.proxy.fault((request, behind) -> {
            if (step.is(request) && isAuthorized(request) && !expired.getAndSet(true)) {
                gate.expire();
            }
            return gate.answer(request, behind);
        });

        assertThat(publisher.publish(request()).digest()).isEqualTo(undisturbed);

        assertThat(registry.tagged(PATH, TAG)).isEqualTo(undisturbed);
        assertThat(expired).isTrue();
        assertThat(gate.issued()).hasSizeBetween(3, 4);
        assertThat(time.waits()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Step.class)
    void credentialsThatAreWithdrawnInTheMiddleAreNamed(Step step) throws Exception {
        TokenGate gate = new TokenGate(registry.proxy, FaultyProxy.Fault.NONE);
        registry.proxy.fault((request, behind) -> {
            gate.closed(step.is(request) && isAuthorized(request));
            return gate.answer(request, behind);
        });

        RegistryException failure = catchThrowableOfType(RegistryException.class, () -> publisher.publish(request()));

        assertThat(failure)
                .isInstanceOf(RegistryException.Unauthorized.class)
                .hasMessageContaining("401 unauthorized, credentials from Secret shop/push");
        assertThat(failure.getMessage()).doesNotContain(TokenGate.PASSWORD, "token-");
        assertThat(failure.isRetryable()).isFalse();
        assertThat(time.waits()).isEmpty();

        registry.proxy.fault(new TokenGate(registry.proxy, FaultyProxy.Fault.NONE));
        assertThat(publisher.publish(request()).digest()).isEqualTo(undisturbed);
        assertThat(registry.missing(PATH, registry.tagged(PATH, TAG))).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Step.class)
    void aRedirectToAnotherHostDoesNotTakeTheCredentialsAlong(Step step) throws Exception {
        try (FaultyProxy elsewhere = new FaultyProxy(registry.process.host())) {
            registry.proxy.fault(new TokenGate(
                    registry.proxy,
                    (request, behind) -> step.is(request)
                            ? new MockResponse.Builder()
                                    .code(307)
                                    .setHeader("Location", elsewhere.url(request.getTarget()))
                                    .build()
                            : null));

            assertThat(publisher.publish(request()).digest()).isEqualTo(undisturbed);

            assertThat(elsewhere.received())
                    .isNotEmpty()
                    .allSatisfy(request -> assertThat(isAuthorized(request)).isFalse());
        }
        assertThat(registry.tagged(PATH, TAG)).isEqualTo(undisturbed);
    }

    private static boolean isAuthorized(RecordedRequest request) {
        return request.getHeaders().get("Authorization") != null;
    }
}
