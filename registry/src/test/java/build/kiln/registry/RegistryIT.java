package build.kiln.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.auth.DockerConfig;
import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryConfiguration;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.http.RegistryHost;
import build.kiln.registry.http.RegistryTransport;
import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.MediaTypes;
import build.kiln.registry.image.Repository;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Publishing to the distribution registry: with basic authentication over TLS of its own CA, and without either. */
class RegistryIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final TestImages.Pushed AMD64 = TestImages.attested("linux/amd64");
    private static final TestImages.Pushed ARM64 = TestImages.attested("linux/arm64");
    private static final TestImages.Pushed PLAIN = TestImages.plain("linux/amd64");

    @TempDir
    static Path folder;

    private static RegistryProcess secured;
    private static RegistryProcess open;
    private static RegistryTransport transport;
    private static ImagePublisher publisher;
    private static CredentialSource credentials;

    @BeforeAll
    static void start() throws Exception {
        HeldCertificate ca = new HeldCertificate.Builder()
                .certificateAuthority(0)
                .commonName("shop CA")
                .build();
        HeldCertificate leaf = new HeldCertificate.Builder()
                .signedBy(ca)
                .addSubjectAlternativeName("127.0.0.1")
                .build();
        secured = RegistryProcess.secured(Files.createDirectory(folder.resolve("secured")), leaf);
        open = RegistryProcess.open(Files.createDirectory(folder.resolve("open")));
        RegistryConfiguration configuration = new RegistryConfiguration(List.of(
                new RegistryHost(secured.host(), List.of(), false, ca.certificatePem()),
                new RegistryHost(open.host(), List.of(), true, null)));
        transport = new RegistryTransport(configuration);
        publisher = new ImagePublisher(transport);
        credentials = login(RegistryProcess.PASSWORD);
        secured.await(configuration, credentials);
        open.await(configuration, credentials);
    }

    @AfterAll
    static void stop() throws Exception {
        publisher.close();
        secured.stop();
        open.stop();
    }

    private static DockerConfig login(String password) throws Exception {
        String auths = "{\"auths\":{\"https://" + secured.host() + "\":{\"username\":\"" + RegistryProcess.USERNAME
                + "\",\"password\":\"" + password + "\"}}}";
        return DockerConfig.parse(auths.getBytes(StandardCharsets.UTF_8), "Secret shop/push");
    }

    private static RegistryClient client() {
        return transport.client(credentials, TIMEOUT);
    }

    private static void push(Repository repository, TestImages.Pushed... pushed) throws Exception {
        for (TestImages.Pushed each : pushed) {
            each.pushTo(client(), repository);
        }
    }

    private static PublishRequest request(
            Repository repository, List<Repository> additional, List<String> tags, TestImages.Pushed... pushed) {
        return TestImages.request(repository, additional, tags, credentials, TIMEOUT, pushed);
    }

    private static Digest tag(Repository repository, String tag) throws RegistryException {
        return client().getManifest(repository.tagged(tag)).digest();
    }

    @Test
    void twoAttestedPlatformsBecomeOneIndexUnderEveryTag() throws Exception {
        Repository repository = new Repository(secured.host(), "shop/two");
        push(repository, AMD64, ARM64);

        PublishedImage published =
                publisher.publish(request(repository, List.of(), List.of("1.4.2", "latest"), AMD64, ARM64));

        assertThat(tag(repository, "1.4.2")).isEqualTo(published.digest());
        Manifest index = client().getManifest(repository.tagged("latest"));
        assertThat(index.digest()).isEqualTo(published.digest());
        assertThat(index.mediaType()).isEqualTo(MediaTypes.OCI_INDEX);
        List<Descriptor> expected = new ArrayList<>();
        expected.add(AMD64.result().children().get(0));
        expected.add(ARM64.result().children().get(0));
        expected.add(AMD64.result().children().get(1));
        expected.add(ARM64.result().children().get(1));
        assertThat(index.children()).isEqualTo(expected);
        assertThat(new StoredImage(client(), repository).missing(published.digest()))
                .isEmpty();
    }

    @Test
    void onePlatformStaysAPlainManifest() throws Exception {
        Repository repository = new Repository(secured.host(), "shop/plain");
        push(repository, PLAIN);

        PublishedImage published = publisher.publish(request(repository, List.of(), List.of("1"), PLAIN));

        assertThat(published.digest()).isEqualTo(PLAIN.image().digest());
        assertThat(client().getManifest(repository.tagged("1")).mediaType()).isEqualTo(MediaTypes.OCI_MANIFEST);
    }

    @Test
    void furtherRepositoriesOfTheSameAndOfAnotherRegistryGetTheWholeImage() throws Exception {
        Repository repository = new Repository(secured.host(), "shop/source");
        Repository beside = new Repository(secured.host(), "mirror/beside");
        Repository elsewhere = new Repository(open.host(), "mirror/elsewhere");
        push(repository, AMD64, ARM64);

        PublishedImage published =
                publisher.publish(request(repository, List.of(beside, elsewhere), List.of("1"), AMD64, ARM64));

        for (Repository copy : List.of(beside, elsewhere)) {
            assertThat(tag(copy, "1")).isEqualTo(published.digest());
            for (TestImages.Pushed pushed : List.of(AMD64, ARM64)) {
                for (byte[] blob : pushed.blobs()) {
                    assertThat(client().getBlob(copy, TestImages.blob(blob), 1000))
                            .isEqualTo(blob);
                }
                for (Manifest manifest : pushed.manifests().subList(0, 2)) {
                    assertThat(client().getManifest(copy.at(manifest.digest())).bytes())
                            .isEqualTo(manifest.bytes());
                }
            }
        }
    }

    @Test
    void aTagMovesToTheNewImageAndTheOldOneStays() throws Exception {
        Repository repository = new Repository(secured.host(), "shop/moving");
        push(repository, AMD64, ARM64);
        PublishedImage before = publisher.publish(request(repository, List.of(), List.of("latest"), AMD64));

        PublishedImage after = publisher.publish(request(repository, List.of(), List.of("latest"), AMD64, ARM64));
        PublishedImage again = publisher.publish(request(repository, List.of(), List.of("latest"), AMD64, ARM64));

        assertThat(after.digest()).isNotEqualTo(before.digest());
        assertThat(again).isEqualTo(after);
        assertThat(tag(repository, "latest")).isEqualTo(after.digest());
        assertThat(new StoredImage(client(), repository).missing(before.digest()))
                .isEmpty();
    }

    @Test
    void aMissingChildKeepsTheTagWhereItWas() throws Exception {
        Repository repository = new Repository(secured.host(), "shop/collected");
        push(repository, AMD64, ARM64);
        PublishedImage before = publisher.publish(request(repository, List.of(), List.of("latest"), AMD64));
        client().deleteManifest(repository.at(ARM64.image().digest()));

        assertThatThrownBy(() -> publisher.publish(request(repository, List.of(), List.of("latest"), AMD64, ARM64)))
                .isInstanceOfSatisfying(
                        RegistryException.PlatformsMissing.class,
                        e -> assertThat(e.platforms()).containsExactly(ARM64.platform()));
        assertThat(tag(repository, "latest")).isEqualTo(before.digest());
    }

    @Test
    void aWrongPasswordNamesRegistryAndSecret() throws Exception {
        Repository repository = new Repository(secured.host(), "shop/denied");
        push(repository, PLAIN);
        PublishRequest right = request(repository, List.of(), List.of("1"), PLAIN);
        PublishRequest wrong = new PublishRequest(
                right.repository(),
                right.additionalRepositories(),
                right.tags(),
                right.platforms(),
                right.pushed(),
                right.annotations(),
                login("wrong-horse"),
                TIMEOUT);

        assertThatThrownBy(() -> publisher.publish(wrong))
                .isInstanceOf(RegistryException.Unauthorized.class)
                .hasMessageContaining(
                        "read manifest of " + repository.at(PLAIN.image().digest())
                                + ": 401 unauthorized, credentials from Secret shop/push")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("wrong-horse"));
        assertThatThrownBy(() -> tag(repository, "1"))
                .isInstanceOfSatisfying(
                        RegistryException.NotFound.class,
                        e -> assertThat(e.isRepositoryMissing()).isFalse());
    }
}
