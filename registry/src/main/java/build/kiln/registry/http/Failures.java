package build.kiln.registry.http;

import build.kiln.registry.image.Text;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import okhttp3.Response;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;

/** Turns the failure of one action into its {@link RegistryException}. */
final class Failures {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final int LARGEST_BODY = 16 * 1024;
    private static final int LONGEST_CAUSE = 100;

    private final String action;
    private final String host;
    private final Authorizer authorizer;
    private final Clock clock;

    Failures(String action, String host, Authorizer authorizer, Clock clock) {
        this.action = action;
        this.host = host;
        this.authorizer = authorizer;
        this.clock = clock;
    }

    /** An error as registries report it (OCI distribution specification, "Error Codes"). */
    private record Reported(String code, String message) {
        boolean saysImmutable() {
            String text = (code + " " + message).toLowerCase(Locale.ROOT);
            return text.contains("immutable")
                    || text.contains("immutability")
                    || text.contains("cannot be overwritten");
        }

        boolean saysBlobOrChildUnknown() {
            return code.equals("MANIFEST_BLOB_UNKNOWN")
                    || code.equals("BLOB_UNKNOWN")
                    || code.equals("MANIFEST_UNKNOWN");
        }

        @Override
        public String toString() {
            String both = code.isEmpty() || message.isEmpty() ? code + message : code + ": " + message;
            return both.isEmpty() ? "" : " (" + both + ")";
        }
    }

    /** The failure that a status stands for. The body is read as far as it explains it. */
    RegistryException ofStatus(Response response) {
        int status = response.code();
        Reported reported = reported(response);
        if (status != 401 && status < 500 && reported.saysImmutable()) {
            return new RegistryException.TagImmutable(
                    action, status + " the registry does not let the tag be moved" + reported);
        }
        if (status == 408 || (status >= 500 && status != 501)) {
            return new RegistryException.Unavailable(action, status + " from " + host + reported, retryAfter(response));
        }
        return switch (status) {
            case 401 ->
                new RegistryException.Unauthorized(
                        action, "401 unauthorized, " + authorizer.credentialsUsed() + reported);
            case 403 ->
                new RegistryException.Forbidden(action, "403 forbidden, " + authorizer.credentialsUsed() + reported);
            case 404 ->
                new RegistryException.NotFound(
                        action, "404 not found" + reported, reported.code().equals("NAME_UNKNOWN"));
            case 429 ->
                new RegistryException.RateLimited(action, "429 too many requests" + reported, retryAfter(response));
            case 301, 302, 303, 307, 308 ->
                new RegistryException.Rejected(action, status + " a redirect that is not followed, from " + host);
            default ->
                reported.saysBlobOrChildUnknown()
                        ? new RegistryException.NotFound(
                                action, status + " something it needs is missing" + reported, false)
                        : new RegistryException.Rejected(action, status + " not accepted by " + host + reported);
        };
    }

    private Reported reported(Response response) {
        try {
            BufferedSource source = response.body().source();
            source.request(LARGEST_BODY);
            byte[] start = source.getBuffer().snapshot().toByteArray();
            JsonNode error = start.length > LARGEST_BODY
                    ? MAPPER.missingNode()
                    : MAPPER.readTree(start).path("errors").path(0);
            String code = error.path("code").asText("");
            JsonNode detail = error.path("detail");
            // The distribution registry says "unknown error" of a full disk, and the rest in the detail.
            String message = code.equals("UNKNOWN") && detail.isTextual()
                    ? cause(detail.textValue())
                    : error.path("message").asText("");
            return authorizer.isRepeatedIn(code + " " + message + " " + detail)
                    ? new Reported("", "the explanation is withheld, since it repeats a credential")
                    : new Reported(Text.shown(code), Text.shown(message));
        } catch (IOException e) {
            // The status alone has to do: the explanation is broken off or is no JSON, such as a proxy's HTML page.
            return new Reported("", "");
        }
    }

    /** Errors of programs in Go name the cause last, behind long paths. */
    private static String cause(String detail) {
        return detail.length() <= LONGEST_CAUSE ? detail : "..." + detail.substring(detail.length() - LONGEST_CAUSE);
    }

    private @Nullable Duration retryAfter(Response response) {
        String value = response.header("Retry-After");
        if (value == null) {
            return null;
        }
        try {
            return value.matches("[0-9]{1,9}")
                    ? Duration.ofSeconds(Long.parseLong(value))
                    : until(ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME)
                            .toInstant());
        } catch (DateTimeParseException e) {
            return null;
        }
    }

    private Duration until(Instant instant) {
        Duration wait = Duration.between(clock.instant(), instant);
        return wait.isNegative() ? Duration.ZERO : wait;
    }

    /** The failure that broke an exchange off. */
    RegistryException ofInputOutput(IOException failure, Deadline deadline) {
        if (failure.getCause() instanceof RegistryException nested) {
            return nested;
        }
        if (Thread.currentThread().isInterrupted()) {
            return new RegistryException.Interrupted(action);
        }
        if (deadline.isOver()) {
            return deadline.exceeded(action, failure);
        }
        String message = Text.shown(String.valueOf(failure.getMessage()));
        return switch (failure) {
            case UnknownHostException _ ->
                new RegistryException.Unreachable(action, "the host name " + host + " is unknown", failure);
            case ConnectException _, NoRouteToHostException _ ->
                new RegistryException.Unreachable(action, "no connection to " + host + ": " + message, failure);
            case SSLException tls -> ofTls(tls, message);
            case InterruptedIOException _ ->
                new RegistryException.Unavailable(action, host + " does not answer in time: " + message, failure);
            default -> brokenOff(failure, message);
        };
    }

    private RegistryException brokenOff(IOException failure, String message) {
        return new RegistryException.Unavailable(
                action,
                "the connection to " + host + " broke off: "
                        + failure.getClass().getSimpleName() + ": " + message,
                failure);
    }

    /** A certificate stays what it is, whereas a handshake that was cut off may succeed later. */
    private RegistryException ofTls(SSLException failure, String message) {
        if (message.contains("unrecognized SSL message")) {
            return new RegistryException.Untrusted(action, host + " does not speak TLS, but maybe plain HTTP", failure);
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException || cause instanceof SSLPeerUnverifiedException) {
                return new RegistryException.Untrusted(action, "TLS with " + host + " failed: " + message, failure);
            }
        }
        return brokenOff(failure, message);
    }
}
