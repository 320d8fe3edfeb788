package build.kiln.registry.http;

import java.time.Instant;
import java.util.List;

/**
 * What a token server gave out.
 *
 * @param scopes what it was asked for
 */
record AccessToken(String value, List<Scope> scopes, Instant expires) {
    @Override
    public String toString() {
        return "AccessToken[scopes=" + scopes + ", expires=" + expires + "]";
    }
}
