package build.kiln.registry.http;

import build.kiln.registry.image.MalformedImageException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/** One question to one registry: authenticates, asks, and turns what goes wrong into a typed failure. */
final class Exchange {
    private final RegistryEndpoint registry;
    private final Authorizer authorizer;
    private final TokenServer tokenServer;
    private final HttpSettings settings;
    private final Deadline deadline;

    Exchange(RegistryEndpoint registry, Authorizer authorizer, HttpSettings settings, Deadline deadline) {
        this.registry = registry;
        this.authorizer = authorizer;
        this.tokenServer = new TokenServer(registry, authorizer, settings, deadline);
        this.settings = settings;
        this.deadline = deadline;
    }

    <T> T run(Endpoint<T> endpoint) throws RegistryException {
        String action = endpoint.action();
        Failures failures = new Failures(action, registry.registry(), authorizer, deadline.clock());
        Authorizer.Tokens tokens = (challenge, scopes) -> tokenServer.fetch(action, challenge, scopes);
        try {
            Authorizer.Attempt attempt = authorizer.authorization(endpoint.scopes(), tokens);
            while (true) {
                try (Response response = send(endpoint, attempt.header())) {
                    if (!isChallenge(response)) {
                        return answer(endpoint, response, failures);
                    }
                    Optional<Authorizer.Attempt> better =
                            authorizer.afterChallenge(response.challenges(), attempt, endpoint.scopes(), tokens);
                    if (better.isEmpty()) {
                        throw failures.ofStatus(response);
                    }
                    attempt = better.get();
                }
            }
        } catch (MalformedImageException e) {
            throw new RegistryException.InvalidContent(action, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw failures.ofInputOutput(e, deadline);
        }
    }

    /** A redirect may have led elsewhere, and what is asked for there is not for the registry's credentials. */
    private boolean isChallenge(Response response) {
        return response.code() == 401 && registry.isOrigin(response.request().url());
    }

    private Response send(Endpoint<?> endpoint, Optional<String> authorization) throws IOException {
        Request.Builder builder = endpoint.request(registry.base()).header("Accept-Encoding", "identity");
        HttpUrl url = builder.build().url();
        if (registry.isOrigin(url)) {
            authorization.ifPresent(value -> builder.header("Authorization", value));
        }
        Duration limit = endpoint.isTransfer() ? deadline.remaining() : settings.requestTimeout();
        return Calls.execute(registry.client(), builder.build(), limit, deadline);
    }

    private static <T> T answer(Endpoint<T> endpoint, Response response, Failures failures)
            throws IOException, MalformedImageException, RegistryException {
        if (!endpoint.understands(response.code())) {
            throw failures.ofStatus(response);
        }
        return endpoint.read(response);
    }
}
