package build.kiln.registry.http;

import static build.kiln.registry.http.GuardedRegistry.BASIC;
import static build.kiln.registry.http.GuardedRegistry.BASIC_HEADER;
import static build.kiln.registry.http.GuardedRegistry.BYTES;
import static build.kiln.registry.http.GuardedRegistry.DIGEST;
import static build.kiln.registry.http.GuardedRegistry.manifest;
import static build.kiln.registry.http.GuardedRegistry.token;
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
    private GuardedRegistry guarded;
    private Server registry;
    private Server tokens;

    @BeforeEach
    void start() throws IOException {
        guarded = new GuardedRegistry();
        registry = guarded.registry;
        tokens = guarded.tokens;
    }

    @AfterEach
    void stop() {
        guarded.close();
    }

    @Test
    void basicCredentialsAreSentOnceTheRegistryAsksForThem() throws Exception {
        registry.answers(challenge("Basic realm=\"r\"").build(), manifest(), manifest());
        RegistryClient client = guarded.client(BASIC);

        guarded.get(client);
        guarded.get(client);

        assertThat(Server.header(registry.taken(), "Authorization")).isNull();
        assertThat(Server.header(registry.taken(), "Authorization")).isEqualTo(BASIC_HEADER);
        assertThat(Server.header(registry.taken(), "Authorization")).isEqualTo(BASIC_HEADER);
    }

    @Test
    void wrongCredentialsAreNotTriedTwiceAndTheirOriginIsNamed() {
        registry.answers(
                challenge("Basic realm=\"r\"").build(),
                challenge("Basic realm=\"r\"").build());

        assertThatThrownBy(() -> guarded.get(guarded.client(BASIC)))
                .isInstanceOf(RegistryException.Unauthorized.class)
                .hasMessage("read manifest of " + registry.repository() + "@" + DIGEST
                        + ": 401 unauthorized, credentials from Secret shop/push"
                        + " (UNAUTHORIZED: authentication required)")
                .satisfies(
                        e -> assertThat(((RegistryException) e).isRetryable()).isFalse());
        assertThat(registry.requests()).isEqualTo(2);
        assertThat(guarded.time.waits()).isEmpty();
    }

    @Test
    void withoutCredentialsTheErrorSaysWhereTheyWereLookedFor() {
        registry.answers(
                challenge("Basic realm=\"r\"").build(),
                challenge("Basic realm=\"r\"").build());
        RegistryClient anonymous = guarded.client(CredentialSource.anonymous());
        RegistryClient nothingFound = guarded.client(new CredentialSource() {
            @Override
            public Optional<Credentials> find(Repository repository) {
                return Optional.empty();
            }

            @Override
            public String searched() {
                return "Secret shop/push";
            }
        });

        assertThatThrownBy(() -> guarded.get(anonymous)).hasMessageContaining("no credentials were given");
        assertThatThrownBy(() -> guarded.get(nothingFound))
                .hasMessageContaining("no credentials for this registry in Secret shop/push");
    }

    @Test
    void aTokenIsScopedToRepositoryAndActionAndUsedAgain() throws Exception {
        registry.answers(
                challenge(guarded.bearer()).build(),
                manifest(),
                manifest(),
                status(201).build(),
                manifest());
        tokens.answers(token("pull-token", 300), token("push-token", 300));
        RegistryClient client = guarded.client(BASIC);

        guarded.get(client);
        guarded.get(client);
        client.putManifest(
                registry.repository().at(DIGEST), Manifest.of(BYTES, MediaTypes.OCI_INDEX, Digest.Algorithm.SHA256));
        guarded.get(client);

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
                challenge(guarded.bearer()).build(),
                manifest(),
                challenge(guarded.bearer()).build(),
                manifest());
        tokens.answers(token("first", 300), token("second", 300));
        RegistryClient client = guarded.client(BASIC);

        guarded.get(client);
        guarded.get(client);

        assertThat(tokens.requests()).isEqualTo(2);
        for (int i = 0; i < 3; i++) {
            registry.taken();
        }
        assertThat(Server.header(registry.taken(), "Authorization")).isEqualTo("Bearer second");
    }

    @Test
    void whatEndsOneTokenMayHaveEndedAll() throws Exception {
        registry.answers(
                challenge(guarded.bearer()).build(),
                manifest(),
                status(201).build(),
                challenge(guarded.bearer()).build(),
                manifest());
        tokens.answers(token("pull-token", 300), token("push-token", 300), token("new", 300));
        RegistryClient client = guarded.client(BASIC);
        guarded.get(client);
        client.putManifest(
                registry.repository().at(DIGEST), Manifest.of(BYTES, MediaTypes.OCI_INDEX, Digest.Algorithm.SHA256));

        guarded.get(client);

        for (int i = 0; i < 4; i++) {
            registry.taken();
        }
        assertThat(Server.header(registry.taken(), "Authorization")).isEqualTo("Bearer new");
    }

    @Test
    void aTokenIsRenewedBeforeItExpires() throws Exception {
        registry.answers(challenge(guarded.bearer()).build(), manifest(), manifest());
        tokens.answers(token("first", 60), token("second", 60));
        RegistryClient client = guarded.client(BASIC);

        guarded.get(client);
        guarded.time.advance(Duration.ofSeconds(55));
        guarded.get(client);

        assertThat(registry.requests()).isEqualTo(3);
        assertThat(tokens.requests()).isEqualTo(2);
    }

    @Test
    void aFreshTokenThatIsRefusedEndsTheCall() throws IOException {
        registry.answers(
                challenge(guarded.bearer()).build(),
                challenge(guarded.bearer() + ",error=\"insufficient_scope\"").build());
        tokens.answers(token("useless", 300));

        assertThatThrownBy(() -> guarded.get(guarded.client(BASIC)))
                .isInstanceOf(RegistryException.Unauthorized.class)
                .hasMessageContaining("credentials from Secret shop/push");
        assertThat(registry.requests()).isEqualTo(2);
    }

    @Test
    void concurrentRequestsShareOneToken() throws Exception {
        AtomicInteger given = new AtomicInteger();
        String challenge = guarded.bearer();
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
        RegistryClient client = guarded.client(BASIC);

        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Manifest>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                all.add(executor.submit(() -> guarded.get(client)));
            }
            for (Future<Manifest> one : all) {
                assertThat(one.get().digest()).isEqualTo(DIGEST);
            }
        }
        assertThat(given).hasValue(1);
    }

    @Test
    void anIdentityTokenIsExchangedByPost() throws Exception {
        registry.answers(challenge(guarded.bearer()).build(), manifest());
        tokens.answers(body(Server.json(Map.of("access_token", "access")), "application/json")
                .build());

        guarded.get(guarded.client(new Credentials.IdentityToken("refresh/+me", "Secret shop/push")));

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
        registry.answers(challenge(guarded.bearer()).build(), manifest());

        guarded.get(guarded.client(new Credentials.RegistryToken("ready-made", "Secret shop/push")));

        registry.taken();
        assertThat(Server.header(registry.taken(), "Authorization")).isEqualTo("Bearer ready-made");
        assertThat(tokens.requests()).isZero();
    }

    @Test
    void anonymousPullsGetATokenWithoutCredentials() throws Exception {
        registry.answers(challenge(guarded.bearer()).build(), manifest());
        tokens.answers(token("anonymous", 300));

        guarded.get(guarded.client(CredentialSource.anonymous()));

        assertThat(Server.header(tokens.taken(), "Authorization")).isNull();
    }

    @Test
    void aTokenServerThatRefusesIsNotAskedAgain() {
        registry.answers(challenge(guarded.bearer()).build());
        tokens.answers(
                error(401, "UNAUTHORIZED", "incorrect username or password").build());

        assertThatThrownBy(() -> guarded.get(guarded.client(BASIC)))
                .isInstanceOf(RegistryException.Unauthorized.class)
                .hasMessageContaining("401 unauthorized, credentials from Secret shop/push")
                .hasMessageContaining("incorrect username or password");
        assertThat(tokens.requests()).isOne();
    }

    @Test
    void aTokenServerThatIsBusyIsAskedAgain() throws Exception {
        registry.answers(challenge(guarded.bearer()).build(), manifest());
        tokens.answers(status(429).setHeader("Retry-After", "3").build(), token("late", 300));

        guarded.get(guarded.client(BASIC));

        assertThat(guarded.time.waits()).containsExactly(Duration.ofSeconds(3));
    }
}
