package build.kiln.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import build.kiln.registry.PublishFaults.Fault;
import build.kiln.registry.PublishFaults.Step;
import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.http.TestTime;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Manifest;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Bringing an image to a further registry that fails while it takes blobs. */
class UploadFaultsIT {
    private static final String SOURCE = "shop/source";
    private static final String TAG = "1";
    private static final TestImages.Pushed AMD64 = TestImages.attested("linux/amd64");
    private static final AtomicInteger REPOSITORIES = new AtomicInteger();

    @TempDir
    static Path folder;

    private static ProxiedRegistry registry;

    private final TestTime time = new TestTime();
    private final String path = "mirror/api" + REPOSITORIES.incrementAndGet();
    private ImagePublisher publisher;

    /** The requests of an upload. */
    enum Upload {
        START("POST"),
        FINISH("PUT");

        private final String method;

        Upload(String method) {
            this.method = method;
        }

        Predicate<RecordedRequest> requests() {
            return request ->
                    request.getMethod().equals(method) && request.getTarget().contains("/blobs/uploads/");
        }
    }

    @BeforeAll
    static void startRegistry() throws Exception {
        registry = new ProxiedRegistry(folder);
        AMD64.pushTo(registry.client(), registry.behind(SOURCE));
    }

    @AfterAll
    static void stopRegistry() throws Exception {
        registry.stop();
    }

    @BeforeEach
    void start() {
        publisher = registry.publisher(time);
    }

    @AfterEach
    void stop() {
        publisher.close();
        registry.proxy.fault(FaultyProxy.Fault.NONE);
    }

    private PublishRequest request() {
        return TestImages.request(
                registry.behind(SOURCE),
                List.of(registry.through(path)),
                List.of(TAG),
                CredentialSource.anonymous(),
                ProxiedRegistry.TIMEOUT,
                AMD64);
    }

    static Stream<Arguments> faults() {
        return Stream.concat(PublishFaults.PASSING.stream(), Stream.of(PublishFaults.ANSWER_LOST))
                .filter(fault -> fault.steps().contains(Step.PUT_INDEX))
                .flatMap(fault -> Stream.of(Upload.values()).map(upload -> Arguments.of(upload, fault)));
    }

    @ParameterizedTest(name = "{1} at {0}")
    @MethodSource("faults")
    void anUploadThatBreaksOffStartsOver(Upload upload, Fault fault) throws Exception {
        registry.proxy.fault(PublishFaults.first(2, upload.requests(), fault));

        PublishedImage published = publisher.publish(request());

        assertCopied(published.digest());
    }

    @ParameterizedTest(name = "{1} at {0}")
    @MethodSource("faults")
    void aCopyThatFailsIsTakenUpWhereItEnded(Upload upload, Fault fault) throws Exception {
        AtomicInteger uploads = new AtomicInteger();
        registry.proxy.fault((request, behind) -> upload.requests().test(request) && uploads.incrementAndGet() > 2
                ? fault.answer().to(request, behind)
                : null);

        RegistryException failure = catchThrowableOfType(RegistryException.class, () -> publisher.publish(request()));

        assertThat(failure).isInstanceOf(fault.failure());
        assertThat(failure.isRetryable()).isTrue();
        assertThat(catchThrowableOfType(RegistryException.NotFound.class, () -> registry.tagged(path, TAG)))
                .as("a tag at half a copy")
                .isNotNull();

        registry.proxy.fault(FaultyProxy.Fault.NONE);
        assertCopied(publisher.publish(request()).digest());
    }

    private void assertCopied(Digest published) throws Exception {
        assertThat(registry.tagged(path, TAG)).isEqualTo(published);
        assertThat(registry.missing(path, published)).isEmpty();
        for (byte[] blob : AMD64.blobs()) {
            assertThat(registry.client().getBlob(registry.behind(path), TestImages.blob(blob), 1000))
                    .isEqualTo(blob);
        }
        for (Manifest manifest : AMD64.manifests().subList(0, 2)) {
            assertThat(registry.client()
                            .getManifest(registry.behind(path).at(manifest.digest()))
                            .bytes())
                    .isEqualTo(manifest.bytes());
        }
    }
}
