package build.kiln.registry.http;

import static build.kiln.registry.http.Server.body;
import static build.kiln.registry.http.Server.challenge;
import static build.kiln.registry.http.Server.error;
import static build.kiln.registry.http.Server.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.auth.Credentials;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.MediaTypes;
import build.kiln.registry.image.Repository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AuthenticationTest {
    private static final byte[] BYTES = "{\"schemaVersion\":2,\"manifests\":[]}".getBytes(StandardCharsets.UTF_8);
    private static final Digest DIGEST = Digest.sha256(BYTES);
    private static final String PASSWORD = "correct-horse";
    private static final Credentials BASIC = new Credentials.Basic("kiln", PASSWORD, "Secret shop/push");
    private static final String BASIC_HEADER = "Basic a2lsbjpjb3JyZWN0LWhvcnNl";

    private final TestTime time = new TestTime();
    private Server registry;
    private Server tokens;
    private RegistryTransport transport;

    @BeforeEach
    void start() throws IOException {
        registry = new Server();
        tokens = new Server();
        transport = registry.transport(time, time);
    }

    @AfterEach
    void stop() {
        transport.close();
        registry.close();
        tokens.close();
    }

    private RegistryClient client(Credentials credentials) {
        return transport.client(new FixedCredentials(credentials), Duration.ofMinutes(10));
    }

    private Manifest get(RegistryClient client) throws RegistryException {
        return client.getManifest(registry.repository().at(DIGEST));
    }

    private static MockResponse manifest() {
        return body(BYTES, MediaTypes.OCI_INDEX).build();
    }

    private String bearer() {
        return "Bearer realm=\"" + tokens.url("/token")
                + "\",service=\"registry.example\",scope=\"repository:other:*\"";
    }

    private static MockResponse token(String value, int seconds) throws IOException {
        return body(Server.json(Map.of("token", value, "expires_in", seconds)), "application/json")
                .build();
    }

    @Test
    void basicCredentialsAreSentOnceTheRegistryAsksForThem() throws Exception {
        registry.answers(challenge("Basic realm=\"r\"").build(), manifest(), manifest());
        RegistryClient client = client(BASIC);

        get(client);
        get(client);

        assertThat(Server.header(registry.taken(), "Authorization")).isNull();
        assertThat(Server.header(registry.taken(), "Authorization")).isEqualTo(BASIC_HEADER);
        assertThat(Server.header(registry.taken(), "Authorization")).isEqualTo(BASIC_HEADER);
    }

    @Test
    void wrongCredentialsAreNotTriedTwiceAndTheirOriginIsNamed() {
        registry.answers(
                challenge("Basic realm=\"r\"").build(),
                challenge("Basic realm=\"r\"").build());

        assertThatThrownBy(() -> get(client(BASIC)))
                .isInstanceOf(RegistryException.Unauthorized.class)
                .hasMessage("read manifest of " + registry.repository() + "@" + DIGEST
                        + ": 401 unauthorized, credentials from Secret shop/push"
                        + " (UNAUTHORIZED: authentication required)")
                .satisfies(
                        e -> assertThat(((RegistryException) e).isRetryable()).isFalse());
        assertThat(registry.requests()).isEqualTo(2);
        assertThat(time.waits()).isEmpty();
    }

    @Test
    void withoutCredentialsTheErrorSaysWhereTheyWereLookedFor() {
        registry.answers(
                challenge("Basic realm=\"r\"").build(),
                challenge("Basic realm=\"r\"").build());
        RegistryClient anonymous = transport.client(CredentialSource.anonymous(), Duration.ofMinutes(1));
        RegistryClient nothingFound = transport.client(
                new CredentialSource() {
                    @Override
                    public Optional<Credentials> find(Repository repository) {
                        return Optional.empty();
                    }

                    @Override
                    public String searched() {
                        return "Secret shop/push";
                    }
                },
                Duration.ofMinutes(1));

        assertThatThrownBy(() -> get(anonymous)).hasMessageContaining("no credentials were given");
        assertThatThrownBy(() -> get(nothingFound))
                .hasMessageContaining("no credentials for this registry in Secret shop/push");
    }

    @Test
    void aTokenIsScopedToRepositoryAndActionAndUsedAgain() throws Exception {
        registry.answers(
                challenge(bearer()).build(), manifest(), manifest(), status(201).build(), manifest());
        tokens.answers(token("pull-token", 300), token("push-token", 300));
        RegistryClient client = client(BASIC);

        get(client);
        get(client);
        client.putManifest(
                registry.repository().at(DIGEST), Manifest.of(BYTES, MediaTypes.OCI_INDEX, Digest.Algorithm.SHA256));
        get(client);

        RecordedRequest first = tokens.taken();
        assertThat(Server.query(first, "service")).isEqualTo("registry.example");
        assertThat(Server.query(first, "scope")).isEqualTo("repository:shop/api:pull");
        assertThat(Server.header(first, "Authorization")).isEqualTo(BASIC_HEADER);
        assertThat(Server.query(tokens.taken(), "scope")).isEqualTo("repository:shop/api:pull,push");
        assertThat(tokens.requests()).isEqualTo(2);
        List<String> sent = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            sent.add(String.valueOf(Server.header(registry.taken(), "Authorization")));
        }
        assertThat(sent)
                .containsExactly(
                        "null", "Bearer pull-token", "Bearer pull-token", "Bearer push-token", "Bearer pull-token");
    }

    @Test
    void aTokenThatExpiresOnTheWayIsReplacedOnce() throws Exception {
        registry.answers(
                challenge(bearer()).build(), manifest(), challenge(bearer()).build(), manifest());
        tokens.answers(token("first", 300), token("second", 300));
        RegistryClient client = client(BASIC);

        get(client);
        get(client);

        assertThat(tokens.requests()).isEqualTo(2);
        for (int i = 0; i < 3; i++) {
            registry.taken();
        }
        assertThat(Server.header(registry.taken(), "Authorization")).isEqualTo("Bearer second");
    }

    @Test
    void aTokenIsRenewedBeforeItExpires() throws Exception {
        registry.answers(challenge(bearer()).build(), manifest(), manifest());
        tokens.answers(token("first", 60), token("second", 60));
        RegistryClient client = client(BASIC);

        get(client);
        time.advance(Duration.ofSeconds(55));
        get(client);

        assertThat(registry.requests()).isEqualTo(3);
        assertThat(tokens.requests()).isEqualTo(2);
    }

    @Test
    void aFreshTokenThatIsRefusedEndsTheCall() throws IOException {
        registry.answers(
                challenge(bearer()).build(),
                challenge(bearer() + ",error=\"insufficient_scope\"").build());
        tokens.answers(token("useless", 300));

        assertThatThrownBy(() -> get(client(BASIC)))
                .isInstanceOf(RegistryException.Unauthorized.class)
                .hasMessageContaining("credentials from Secret shop/push");
        assertThat(registry.requests()).isEqualTo(2);
    }

    @Test
    void concurrentRequestsShareOneToken() throws Exception {
        AtomicInteger given = new AtomicInteger();
        String challenge = bearer();
        registry.http.setDispatcher(new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
                return "Bearer t1".equals(Server.header(request, "Authorization"))
                        ? manifest()
                        : challenge(challenge).build();
            }
        });
        tokens.http.setDispatcher(new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
                return body(
                                ("{\"token\":\"t" + given.incrementAndGet() + "\"}").getBytes(StandardCharsets.UTF_8),
                                "application/json")
                        .build();
            }
        });
        RegistryClient client = client(BASIC);

        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Manifest>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                all.add(executor.submit(() -> get(client)));
            }
            for (Future<Manifest> one : all) {
                assertThat(one.get().digest()).isEqualTo(DIGEST);
            }
        }
        assertThat(given).hasValue(1);
    }

    @Test
    void anIdentityTokenIsExchangedByPost() throws Exception {
        registry.answers(challenge(bearer()).build(), manifest());
        tokens.answers(body(Server.json(Map.of("access_token", "access")), "application/json")
                .build());

        get(client(new Credentials.IdentityToken("refresh/+me", "Secret shop/push")));

        RecordedRequest request = tokens.taken();
        assertThat(request.getMethod()).isEqualTo("POST");
        assertThat(Server.text(request))
                .contains("grant_type=refresh_token", "refresh_token=refresh%2F%2Bme", "service=registry.example")
                .contains("scope=repository%3Ashop%2Fapi%3Apull");
        registry.taken();
        assertThat(Server.header(registry.taken(), "Authorization")).isEqualTo("Bearer access");
    }

    @Test
    void aRegistryTokenIsPresentedAsItIs() throws Exception {
        registry.answers(challenge(bearer()).build(), manifest());

        get(client(new Credentials.RegistryToken("ready-made", "Secret shop/push")));

        registry.taken();
        assertThat(Server.header(registry.taken(), "Authorization")).isEqualTo("Bearer ready-made");
        assertThat(tokens.requests()).isZero();
    }

    @Test
    void anonymousPullsGetATokenWithoutCredentials() throws Exception {
        registry.answers(challenge(bearer()).build(), manifest());
        tokens.answers(token("anonymous", 300));

        get(transport.client(CredentialSource.anonymous(), Duration.ofMinutes(1)));

        assertThat(Server.header(tokens.taken(), "Authorization")).isNull();
    }

    @Test
    void aTokenServerThatRefusesIsNotAskedAgain() {
        registry.answers(challenge(bearer()).build());
        tokens.answers(
                error(401, "UNAUTHORIZED", "incorrect username or password").build());

        assertThatThrownBy(() -> get(client(BASIC)))
                .isInstanceOf(RegistryException.Unauthorized.class)
                .hasMessageContaining("401 unauthorized, credentials from Secret shop/push")
                .hasMessageContaining("incorrect username or password");
        assertThat(tokens.requests()).isOne();
    }

    @Test
    void aTokenServerThatIsBusyIsAskedAgain() throws Exception {
        registry.answers(challenge(bearer()).build(), manifest());
        tokens.answers(status(429).setHeader("Retry-After", "3").build(), token("late", 300));

        get(client(BASIC));

        assertThat(time.waits()).containsExactly(Duration.ofSeconds(3));
    }
}
