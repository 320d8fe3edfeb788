package build.kiln.registry.http;

import build.kiln.registry.auth.Credentials;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import okhttp3.Challenge;
import org.jspecify.annotations.Nullable;

/**
 * Knows how one registry wants to be convinced, and the access tokens it accepted. Starts without knowing: the first
 * request goes out bare, and the challenge in its 401 answer says what to do from then on.
 */
final class Authorizer {
    /** A token is renewed this long before it expires, so that it does not expire on its way. */
    private static final Duration MARGIN = Duration.ofSeconds(10);

    private final Optional<Credentials> credentials;
    private final String searched;
    private final Clock clock;
    private final Set<String> secrets = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final List<AccessToken> tokens = new ArrayList<>();
    private @Nullable Challenge challenge;

    /** Gets an access token from the token server that a challenge names. */
    @FunctionalInterface
    interface Tokens {
        AccessToken fetch(Challenge challenge, List<Scope> scopes) throws RegistryException;
    }

    Authorizer(Optional<Credentials> credentials, String searched, Clock clock) {
        this.credentials = credentials;
        this.searched = searched;
        this.clock = clock;
        credentials.ifPresent(found -> {
            secrets.add(found.secret());
            if (found instanceof Credentials.Basic basic) {
                secrets.add(encoded(basic));
            }
        });
        secrets.remove("");
    }

    Optional<Credentials> credentials() {
        return credentials;
    }

    /** The {@code Authorization} to send, as far as the registry has said what it wants. */
    Optional<String> authorization(List<Scope> scopes, Tokens server) throws RegistryException {
        lock.lock();
        try {
            return challenge == null ? Optional.empty() : authorization(challenge, scopes, server);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The {@code Authorization} to send after a 401.
     *
     * @param challenges what the registry asks for
     * @param refused what was sent, and did not do
     * @return empty when there is nothing better to send
     */
    Optional<String> afterChallenge(
            List<Challenge> challenges, Optional<String> refused, List<Scope> scopes, Tokens server)
            throws RegistryException {
        Optional<Challenge> known = choose(challenges);
        if (known.isEmpty()) {
            return Optional.empty();
        }
        lock.lock();
        try {
            challenge = known.get();
            refused.ifPresent(sent -> tokens.removeIf(token -> sent.equals("Bearer " + token.value())));
            Optional<String> better = authorization(known.get(), scopes, server);
            return better.equals(refused) ? Optional.empty() : better;
        } finally {
            lock.unlock();
        }
    }

    private static Optional<Challenge> choose(List<Challenge> challenges) {
        Optional<Challenge> bearer = challenges.stream()
                .filter(each -> each.scheme().equalsIgnoreCase("Bearer"))
                .findFirst();
        return bearer.or(() -> challenges.stream()
                .filter(each -> each.scheme().equalsIgnoreCase("Basic"))
                .findFirst());
    }

    private Optional<String> authorization(Challenge known, List<Scope> scopes, Tokens server)
            throws RegistryException {
        if (known.scheme().equalsIgnoreCase("Basic")) {
            return credentials.flatMap(found -> found instanceof Credentials.Basic basic
                    ? Optional.of("Basic " + encoded(basic))
                    : Optional.empty());
        }
        if (credentials.orElse(null) instanceof Credentials.RegistryToken token) {
            return Optional.of("Bearer " + token.token());
        }
        tokens.removeIf(token -> token.expires().minus(MARGIN).isBefore(clock.instant()));
        for (AccessToken token : tokens) {
            if (Scope.covers(token.scopes(), scopes)) {
                return Optional.of("Bearer " + token.value());
            }
        }
        AccessToken fetched = server.fetch(known, scopes);
        secrets.add(fetched.value());
        tokens.add(fetched);
        return Optional.of("Bearer " + fetched.value());
    }

    static String encoded(Credentials.Basic basic) {
        String pair = basic.username() + ":" + basic.password();
        return Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    /** Whether a text from outside holds a secret, so that it must not be shown. */
    boolean isRepeatedIn(String text) {
        return secrets.stream().anyMatch(text::contains);
    }

    /** Where the credentials came from, for a person. */
    String credentialsUsed() {
        if (credentials.isPresent()) {
            return "credentials from " + credentials.get().origin();
        }
        return searched.isEmpty() ? "no credentials were given" : "no credentials for this registry in " + searched;
    }
}
