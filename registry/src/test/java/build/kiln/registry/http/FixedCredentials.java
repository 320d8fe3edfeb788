package build.kiln.registry.http;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.auth.Credentials;
import build.kiln.registry.image.Repository;
import java.util.Optional;

/** The same credentials for every repository. */
record FixedCredentials(Credentials credentials) implements CredentialSource {
    @Override
    public Optional<Credentials> find(Repository repository) {
        return Optional.of(credentials);
    }

    @Override
    public String searched() {
        return credentials.origin();
    }
}
