package build.kiln.registry.auth;

/**
 * What proves to a registry who asks. The text form never shows the secret part.
 */
public sealed interface Credentials {
    /** Where the credentials were read, such as {@code Secret shop/push}; shown in errors. */
    String origin();

    /** The part that must not appear anywhere. */
    String secret();

    /** A user name and a password or access token, for HTTP Basic. */
    record Basic(String username, String password, String origin) implements Credentials {
        @Override
        public String secret() {
            return password;
        }

        @Override
        public String toString() {
            return "Basic[username=" + username + ", origin=" + origin + "]";
        }
    }

    /** A refresh token that a token server exchanges for access tokens ({@code identitytoken}). */
    record IdentityToken(String token, String origin) implements Credentials {
        @Override
        public String secret() {
            return token;
        }

        @Override
        public String toString() {
            return "IdentityToken[origin=" + origin + "]";
        }
    }

    /** An access token that is presented to the registry as it is ({@code registrytoken}). */
    record RegistryToken(String token, String origin) implements Credentials {
        @Override
        public String secret() {
            return token;
        }

        @Override
        public String toString() {
            return "RegistryToken[origin=" + origin + "]";
        }
    }
}
