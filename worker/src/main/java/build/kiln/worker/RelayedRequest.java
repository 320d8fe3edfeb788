package build.kiln.worker;

import com.sun.net.httpserver.HttpExchange;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A request that the daemon makes of a relay.
 *
 * @param method of HTTP
 * @param rawPath percent-encoded
 * @param path the same decoded
 * @param query percent-encoded; null when there is none
 * @param headers names in lower case
 * @param body empty unless the store looks at bodies
 */
record RelayedRequest(
        String method,
        String rawPath,
        String path,
        @Nullable String query,
        Map<String, String> headers,
        String body) {
    static RelayedRequest of(HttpExchange exchange, String body) {
        Map<String, String> headers = new TreeMap<>();
        exchange.getRequestHeaders()
                .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), String.join(",", values)));
        return new RelayedRequest(
                exchange.getRequestMethod(),
                exchange.getRequestURI().getRawPath(),
                exchange.getRequestURI().getPath(),
                exchange.getRequestURI().getRawQuery(),
                headers,
                body);
    }

    boolean isRead() {
        return method.equals("GET") || method.equals("HEAD");
    }

    /** Whether the query has this parameter. */
    boolean asks(String parameter) {
        return query != null && ("&" + query).contains("&" + parameter + "=");
    }
}
