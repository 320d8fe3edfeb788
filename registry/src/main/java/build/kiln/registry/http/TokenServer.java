package build.kiln.registry.http;

import build.kiln.registry.auth.Credentials;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Text;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import okhttp3.Challenge;
import okhttp3.FormBody;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Asks the token server that a bearer challenge names ("Docker Registry v2 authentication", token and OAuth2). */
final class TokenServer {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final int LARGEST_BODY = 256 * 1024;
    private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]+");
    /** How long a token is good for when its server does not say ("Docker Registry v2 authentication"). */
    private static final Duration DEFAULT_LIFE = Duration.ofSeconds(60);

    private final RegistryEndpoint registry;
    private final Authorizer authorizer;
    private final HttpSettings settings;
    private final Deadline deadline;
    private final OkHttpClient client;

    TokenServer(RegistryEndpoint registry, Authorizer authorizer, HttpSettings settings, Deadline deadline) {
        this.registry = registry;
        this.authorizer = authorizer;
        this.settings = settings;
        this.deadline = deadline;
        // A redirect would take the credentials to a place that the challenge did not name.
        this.client = registry.client().newBuilder().followRedirects(false).build();
    }

    AccessToken fetch(String action, Challenge challenge, List<Scope> scopes) throws RegistryException {
        HttpUrl realm = realm(action, challenge);
        Failures failures = new Failures(action, "token server " + realm.host(), authorizer, clock());
        Request request = request(realm, challenge, scopes);
        try (Response response = Calls.execute(client, request, settings.requestTimeout(), deadline)) {
            if (!response.isSuccessful()) {
                throw failures.ofStatus(response);
            }
            return read(Bodies.read(response, LARGEST_BODY), scopes);
        } catch (JsonProcessingException e) {
            throw new RegistryException.InvalidContent(action, "the token server's answer is not JSON");
        } catch (MalformedImageException e) {
            throw new RegistryException.InvalidContent(action, "token server " + realm.host() + ": " + e.getMessage());
        } catch (IOException e) {
            throw failures.ofInputOutput(e, deadline);
        }
    }

    private Clock clock() {
        return deadline.clock();
    }

    private HttpUrl realm(String action, Challenge challenge) throws RegistryException {
        String text = challenge.authParams().getOrDefault("realm", "");
        HttpUrl realm = HttpUrl.parse(text);
        if (realm == null) {
            throw new RegistryException.InvalidContent(
                    action, "the registry names no usable token server: \"" + Text.shown(text) + "\"");
        }
        if (!registry.allows(realm)) {
            throw new RegistryException.Untrusted(
                    action,
                    "the registry names a token server over plain HTTP, " + realm.host()
                            + ", and credentials are not sent there",
                    null);
        }
        return realm;
    }

    private Request request(HttpUrl realm, Challenge challenge, List<Scope> scopes) {
        @Nullable String service = challenge.authParams().get("service");
        if (authorizer.credentials().orElse(null) instanceof Credentials.IdentityToken identity) {
            return new Request.Builder()
                    .url(realm)
                    .post(form(identity, service, scopes))
                    .build();
        }
        HttpUrl.Builder url = realm.newBuilder();
        if (service != null) {
            url.addQueryParameter("service", service);
        }
        scopes.forEach(scope -> url.addQueryParameter("scope", scope.toString()));
        Request.Builder request = new Request.Builder().url(url.build());
        if (authorizer.credentials().orElse(null) instanceof Credentials.Basic basic) {
            request.header("Authorization", "Basic " + Authorizer.encoded(basic));
        }
        return request.build();
    }

    private static FormBody form(Credentials.IdentityToken identity, @Nullable String service, List<Scope> scopes) {
        FormBody.Builder form = new FormBody.Builder()
                .add("grant_type", "refresh_token")
                .add("client_id", "kiln")
                .add("scope", scopes.stream().map(Scope::toString).collect(Collectors.joining(" ")))
                .add("refresh_token", identity.token());
        if (service != null) {
            form.add("service", service);
        }
        return form.build();
    }

    private AccessToken read(byte[] body, List<Scope> scopes) throws IOException, MalformedImageException {
        JsonNode answer = MAPPER.readTree(body);
        String token = answer.path("token").asText("");
        if (token.isEmpty()) {
            token = answer.path("access_token").asText("");
        }
        if (!TOKEN.matcher(token).matches()) {
            throw new MalformedImageException("The answer holds no usable token.");
        }
        long seconds = answer.path("expires_in").asLong(0);
        Duration life = seconds > 0 ? Duration.ofSeconds(Math.min(seconds, 86_400)) : DEFAULT_LIFE;
        return new AccessToken(token, scopes, clock().instant().plus(life));
    }
}
