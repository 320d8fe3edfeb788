package build.kiln.registry.http;

import static build.kiln.registry.http.GuardedRegistry.BASIC;
import static build.kiln.registry.http.GuardedRegistry.BASIC_HEADER;
import static build.kiln.registry.http.GuardedRegistry.DIGEST;
import static build.kiln.registry.http.GuardedRegistry.PASSWORD;
import static build.kiln.registry.http.GuardedRegistry.manifest;
import static build.kiln.registry.http.GuardedRegistry.token;
import static build.kiln.registry.http.Server.body;
import static build.kiln.registry.http.Server.challenge;
import static build.kiln.registry.http.Server.error;
import static build.kiln.registry.http.Server.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import mockwebserver3.RecordedRequest;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Registries and token servers that try to get at credentials, or answer with rubbish. */
class CredentialSafetyTest {
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

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "<html>",
                "[]",
                "{}",
                "{\"token\":\"\"}",
                "{\"token\":\"two words\"}",
                "{\"token\":\"a\\r\\nX-Injected: 1\"}",
                "{\"token\":\"h\u00e9\"}"
            })
    void anAnswerWithoutAUsableTokenIsRefused(String answer) {
        registry.answers(challenge(guarded.bearer()).build());
        tokens.answers(body(answer.getBytes(StandardCharsets.UTF_8), "application/json")
                .build());

        assertThatThrownBy(() -> guarded.get(guarded.client(BASIC)))
                .isInstanceOf(RegistryException.InvalidContent.class)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("Injected", PASSWORD));
    }

    @Test
    void anOversizedTokenIsNotRead() throws IOException {
        registry.answers(challenge(guarded.bearer()).build());
        tokens.answers(token("x".repeat(300 * 1024), 300));

        assertThatThrownBy(() -> guarded.get(guarded.client(BASIC)))
                .isInstanceOf(RegistryException.InvalidContent.class)
                .hasMessageContaining("larger than");
    }

    @Test
    void aRedirectDoesNotTakeTheCredentialsOfATokenRequestAlong() throws IOException {
        registry.answers(challenge(guarded.bearer()).build());
        try (Server elsewhere = new Server()) {
            tokens.answers(
                    status(307).setHeader("Location", elsewhere.url("/token")).build());
            elsewhere.answers(token("stolen", 300));

            assertThatThrownBy(() -> guarded.get(guarded.client(BASIC))).isInstanceOf(RegistryException.Rejected.class);
            assertThat(elsewhere.requests()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"Bearer realm=\"\"", "Bearer realm=\"file:///etc/passwd\"", "Bearer realm=\"token\"", "Bearer"})
    void aRealmThatIsNoUrlIsRefused(String challenge) {
        registry.answers(challenge(challenge).build());

        assertThatThrownBy(() -> guarded.get(guarded.client(BASIC)))
                .isInstanceOfAny(RegistryException.InvalidContent.class, RegistryException.Unauthorized.class);
        assertThat(registry.requests()).isOne();
    }

    @Test
    void credentialsAreNotSentToAPlainHttpRealmOfASecureRegistry() throws Exception {
        HeldCertificate own = new HeldCertificate.Builder()
                .addSubjectAlternativeName("localhost")
                .build();
        HandshakeCertificates certificates =
                new HandshakeCertificates.Builder().heldCertificate(own).build();
        try (Server secure = new Server(certificates);
                RegistryTransport trusting = new RegistryTransport(
                        new RegistryConfiguration(
                                List.of(new RegistryHost(secure.host(), List.of(), false, own.certificatePem()))),
                        Server.SETTINGS,
                        guarded.time,
                        guarded.time)) {
            secure.answers(challenge(guarded.bearer()).build());
            RegistryClient client = trusting.client(new FixedCredentials(BASIC), Duration.ofMinutes(1));

            assertThatThrownBy(() -> client.getManifest(secure.repository().at(DIGEST)))
                    .isInstanceOf(RegistryException.Untrusted.class)
                    .hasMessageContaining("token server over plain HTTP, localhost");
            assertThat(tokens.requests()).isZero();
        }
    }

    @Test
    void anExplanationThatRepeatsACredentialIsWithheld() {
        registry.answers(
                challenge("Basic realm=\"r\"").build(),
                error(403, "DENIED", "no access for " + BASIC_HEADER).build());

        assertThatThrownBy(() -> guarded.get(guarded.client(BASIC)))
                .isInstanceOf(RegistryException.Forbidden.class)
                .hasMessageContaining("403 forbidden, credentials from Secret shop/push")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain(BASIC_HEADER.substring(6), PASSWORD));
    }

    @Test
    void aRedirectToAnotherHostDoesNotCarryTheAuthorization() throws Exception {
        try (Server storage = new Server()) {
            registry.answers(
                    challenge("Basic realm=\"r\"").build(),
                    status(307)
                            .setHeader("Location", storage.url("/bucket/x?signature=1"))
                            .build());
            storage.answers(manifest());

            assertThat(guarded.get(guarded.client(BASIC)).digest()).isEqualTo(DIGEST);

            RecordedRequest moved = storage.taken();
            assertThat(moved.getTarget()).isEqualTo("/bucket/x?signature=1");
            assertThat(Server.header(moved, "Authorization")).isNull();
        }
    }

    @Test
    void aChallengeFromTheHostOfARedirectIsNotAnswered() throws Exception {
        try (Server storage = new Server()) {
            registry.answers(
                    status(307).setHeader("Location", storage.url("/x")).build());
            storage.answers(challenge("Basic realm=\"phish\"").build(), manifest());

            assertThatThrownBy(() -> guarded.get(guarded.client(BASIC)))
                    .isInstanceOf(RegistryException.Unauthorized.class);
            assertThat(Server.header(storage.taken(), "Authorization")).isNull();
            assertThat(storage.requests()).isOne();
        }
    }
}
