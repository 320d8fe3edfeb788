package build.kiln.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.http.TestTime;
import build.kiln.registry.image.Anchor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Manifest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Temporary tags at a real registry that collects what is untagged, and at ones that do not delete, or not everything. */
class TemporaryTagIT {
    private static final String TAG = "kiln-tmp-linux-amd64-0123456789abcdef";
    private static final TestImages.Pushed AMD64 = TestImages.attested("linux/amd64");
    private static final TestImages.Pushed ARM64 = TestImages.attested("linux/arm64");
    private static final TestImages.Pushed PLAIN = TestImages.plain("linux/amd64");
    private static final AtomicInteger REPOSITORIES = new AtomicInteger();

    @TempDir
    static Path folder;

    private static ProxiedRegistry registry;

    private final String path = "shop/api" + REPOSITORIES.incrementAndGet();
    private ImagePublisher publisher;

    @BeforeAll
    static void startRegistry() throws Exception {
        registry = new ProxiedRegistry(folder);
    }

    @AfterAll
    static void stopRegistry() throws Exception {
        registry.stop();
    }

    @BeforeEach
    void start() throws Exception {
        publisher = registry.publisher(new TestTime());
        for (TestImages.Pushed pushed : List.of(AMD64, ARM64, PLAIN)) {
            pushed.pushTo(registry.client(), registry.behind(path));
        }
    }

    @AfterEach
    void stop() {
        publisher.close();
        registry.proxy.fault(FaultyProxy.Fault.NONE);
    }

    private AnchorRequest request(TestImages.Pushed pushed) {
        return new AnchorRequest(
                registry.through(path),
                Map.of(TAG, pushed.result().digest()),
                CredentialSource.anonymous(),
                ProxiedRegistry.TIMEOUT);
    }

    private PublishRequest publication() {
        return TestImages.request(
                registry.through(path),
                List.of(),
                List.of("latest"),
                CredentialSource.anonymous(),
                ProxiedRegistry.TIMEOUT,
                AMD64,
                ARM64);
    }

    @Test
    void whatIsAnchoredOutlivesACollection() throws Exception {
        assertThat(publisher.anchor(request(AMD64))).isEmpty();

        registry.process.collectUntagged();

        assertThat(registry.missing(path, AMD64.result().digest())).isEmpty();
        assertThatThrownBy(() -> publisher.publish(publication()))
                .isInstanceOfSatisfying(
                        RegistryException.PlatformsMissing.class,
                        missing -> assertThat(missing.platforms()).containsExactly(ARM64.platform()));

        ARM64.pushTo(registry.client(), registry.behind(path));
        Digest published = publisher.publish(publication()).digest();
        assertThat(publisher.release(request(AMD64))).isEmpty();
        registry.process.collectUntagged();

        assertThat(registry.missing(path, published)).isEmpty();
        assertNoTag();
    }

    @Test
    void anAnchorListsThePushAndItsPartsAndNamesItsTag() throws Exception {
        publisher.anchor(request(AMD64));

        Manifest anchor = anchor();

        assertThat(anchor.children().stream().map(child -> child.digest().toString()))
                .containsExactly(
                        AMD64.result().digest().toString(),
                        AMD64.manifests().get(0).digest().toString(),
                        AMD64.manifests().get(1).digest().toString());
        assertThat(anchor.annotations()).containsEntry(Anchor.TAG_ANNOTATION, TAG);
        assertThat(anchor.digest()).isNotEqualTo(AMD64.result().digest());
    }

    @Test
    void releasingRemovesTheAnchorAndNothingThatItLists() throws Exception {
        for (TestImages.Pushed pushed : List.of(AMD64, PLAIN)) {
            publisher.anchor(request(pushed));
            Digest anchor = anchor().digest();

            assertThat(publisher.release(request(pushed))).isEmpty();
            assertThat(publisher.release(request(pushed))).isEmpty();

            assertNoTag();
            assertThat(registry.missing(path, anchor)).containsExactly(anchor);
            assertThat(registry.missing(path, pushed.result().digest())).isEmpty();
        }
    }

    @Test
    void aTagThatMovedOnIsLeftAlone() throws Exception {
        publisher.anchor(request(AMD64));
        publisher.anchor(request(ARM64));
        Manifest after = anchor();

        assertThat(publisher.release(request(AMD64))).isEmpty();

        assertThat(anchor()).isEqualTo(after);
    }

    @Test
    void aTagOfSomebodyElseIsLeftAlone() throws Exception {
        registry.client().putManifest(registry.behind(path).tagged(TAG), AMD64.result());

        assertThat(publisher.release(request(AMD64))).isEmpty();

        assertThat(registry.tagged(path, TAG)).isEqualTo(AMD64.result().digest());
    }

    @Test
    void whereNothingIsDeletedTheTagStaysAndTheNextRunMovesIt() throws Exception {
        registry.proxy.fault((request, behind) -> isDelete(request) ? refusal(405, "UNSUPPORTED") : null);
        publisher.anchor(request(AMD64));

        Map<String, RegistryException> failures = publisher.release(request(AMD64));

        assertThat(failures.get(TAG))
                .isInstanceOf(RegistryException.Rejected.class)
                .hasMessageContaining("delete manifest")
                .hasMessageContaining("405");
        assertThat(registry.missing(path, AMD64.result().digest())).isEmpty();

        assertThat(publisher.anchor(request(ARM64))).isEmpty();
        assertThat(anchor().children().getFirst().digest())
                .isEqualTo(ARM64.result().digest());
    }

    @Test
    void whereTaggedManifestsAreNotDeletedTheTagIs() throws Exception {
        registry.proxy.fault(
                (request, behind) -> isDelete(request) && request.getTarget().contains("sha256:")
                        ? refusal(400, "GOOGLE_MANIFEST_DANGLING_TAG")
                        : null);
        publisher.anchor(request(AMD64));

        assertThat(publisher.release(request(AMD64))).isEmpty();

        assertNoTag();
        assertThat(registry.missing(path, AMD64.result().digest())).isEmpty();
    }

    @Test
    void whereDeletingIsNotAllowedToTheAccountTheTagStays() throws Exception {
        registry.proxy.fault((request, behind) -> isDelete(request) ? refusal(403, "DENIED") : null);
        publisher.anchor(request(AMD64));

        assertThat(publisher.release(request(AMD64)).get(TAG)).isInstanceOf(RegistryException.Forbidden.class);
    }

    @Test
    void whereTagsDoNotMoveTheFirstStays() throws Exception {
        publisher.anchor(request(AMD64));
        registry.proxy.fault((request, behind) ->
                request.getMethod().equals("PUT") && request.getTarget().contains(TAG)
                        ? refusal(400, "TAG_IMMUTABLE")
                        : null);

        assertThat(publisher.anchor(request(AMD64))).isEmpty();
        assertThat(publisher.anchor(request(ARM64)).get(TAG)).isInstanceOf(RegistryException.TagImmutable.class);

        assertThat(anchor().children().getFirst().digest())
                .isEqualTo(AMD64.result().digest());
        assertThat(publisher.publish(publication()).tags()).containsExactly("latest");
    }

    @Test
    void aRegistryThatIsAwayIsNoReasonToThrow() {
        registry.proxy.fault((request, behind) -> FakeRegistry.status(503));

        assertThat(publisher.anchor(request(AMD64)).get(TAG)).isInstanceOf(RegistryException.Unavailable.class);
        assertThat(publisher.release(request(AMD64)).get(TAG)).isInstanceOf(RegistryException.Unavailable.class);
    }

    private Manifest anchor() throws RegistryException {
        return registry.client().getManifest(registry.behind(path).tagged(TAG));
    }

    private void assertNoTag() {
        assertThatThrownBy(this::anchor).isInstanceOf(RegistryException.NotFound.class);
    }

    private static boolean isDelete(RecordedRequest request) {
        return request.getMethod().equals("DELETE");
    }

    private static MockResponse refusal(int status, String code) {
        return new MockResponse.Builder()
                .code(status)
                .body("{\"errors\":[{\"code\":\"" + code + "\",\"message\":\"not here\"}]}")
                .build();
    }
}
