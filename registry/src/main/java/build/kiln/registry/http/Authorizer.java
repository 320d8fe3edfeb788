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
    private final List<Issued> tokens = new ArrayList<>();
    private int issued;
    private @Nullable Challenge challenge;

    /** Gets an access token from the token server that a challenge names. */
    @FunctionalInterface
    interface Tokens {
        AccessToken fetch(Challenge challenge, List<Scope> scopes) throws RegistryException;
    }

    /**
     * An access token and its place in the order of all.
     *
     * @param number counted from one
     */
    private record Issued(int number, AccessToken token) {}

    /**
     * What a request carries.
     *
     * @param header the {@code Authorization}; empty when there is none to send
     * @param issued how many access tokens there had been when it was made
     * @param isLast whether there is nothing better to send when it is refused
     */
    record Attempt(Optional<String> header, int issued, boolean isLast) {}

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

    /** What to send, as far as the registry has said what it wants. */
    Attempt authorization(List<Scope> scopes, Tokens server) throws RegistryException {
        lock.lock();
        try {
            Optional<String> header = challenge == null
                    ? Optional.empty()
                    : authorization(challenge, scopes, server).header();
            return new Attempt(header, issued, false);
        } finally {
            lock.unlock();
        }
    }

    /**
     * What to send after a 401. Access tokens that were there already are not tried one after the other: what ended one
     * of them may have ended all.
     *
     * @param challenges what the registry asks for
     * @param refused what was sent, and did not do
     * @return empty when there is nothing better to send
     */
    Optional<Attempt> afterChallenge(List<Challenge> challenges, Attempt refused, List<Scope> scopes, Tokens server)
            throws RegistryException {
        Optional<Challenge> known = choose(challenges);
        if (known.isEmpty() || refused.isLast()) {
            return Optional.empty();
        }
        lock.lock();
        try {
            challenge = known.get();
            if (refused.header().isPresent()) {
                tokens.removeIf(token -> token.number() <= refused.issued());
            }
            Attempt better = authorization(known.get(), scopes, server);
            boolean same = better.header().isEmpty() || better.header().equals(refused.header());
            return same ? Optional.empty() : Optional.of(better);
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

    private Attempt authorization(Challenge wanted, List<Scope> scopes, Tokens server) throws RegistryException {
        if (wanted.scheme().equalsIgnoreCase("Basic")) {
            Optional<String> header = credentials.flatMap(found -> found instanceof Credentials.Basic basic
                    ? Optional.of("Basic " + encoded(basic))
                    : Optional.empty());
            return new Attempt(header, issued, true);
        }
        if (credentials.orElse(null) instanceof Credentials.RegistryToken token) {
            return new Attempt(Optional.of("Bearer " + token.token()), issued, true);
        }
        tokens.removeIf(token -> token.token().expires().minus(MARGIN).isBefore(clock.instant()));
        for (Issued known : tokens) {
            if (Scope.covers(known.token().scopes(), scopes)) {
                return new Attempt(Optional.of("Bearer " + known.token().value()), issued, false);
            }
        }
        AccessToken fetched = server.fetch(wanted, scopes);
        secrets.add(fetched.value());
        tokens.add(new Issued(++issued, fetched));
        return new Attempt(Optional.of("Bearer " + fetched.value()), issued, true);
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
