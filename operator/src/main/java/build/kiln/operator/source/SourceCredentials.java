package build.kiln.operator.source;

import build.kiln.operator.credentials.BuildCredentials.GitCredentials;
import org.eclipse.jgit.transport.CredentialItem;
import org.eclipse.jgit.transport.CredentialsProvider;
import org.eclipse.jgit.transport.URIish;
import org.jspecify.annotations.Nullable;

/** Gives the credentials to the server that the spec names, once, and to no other that it may redirect to. */
final class SourceCredentials extends CredentialsProvider {
    private final URIish server;
    private final @Nullable GitCredentials credentials;
    private boolean given;

    SourceCredentials(URIish server, @Nullable GitCredentials credentials) {
        this.server = server;
        this.credentials = credentials;
    }

    @Override
    public boolean isInteractive() {
        return false;
    }

    @Override
    public boolean supports(CredentialItem... items) {
        for (CredentialItem item : items) {
            if (!(item instanceof CredentialItem.Username || item instanceof CredentialItem.Password)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean get(URIish uri, CredentialItem... items) {
        if (credentials == null || given || !isServer(uri) || !supports(items)) {
            return false;
        }
        given = true;
        for (CredentialItem item : items) {
            switch (item) {
                case CredentialItem.Username username -> username.setValue(credentials.username());
                case CredentialItem.Password password ->
                    password.setValue(credentials.password().toCharArray());
                default -> throw new IllegalStateException("not supported: " + item.getClass());
            }
        }
        return true;
    }

    private boolean isServer(URIish uri) {
        return server.getScheme().equals(uri.getScheme())
                && server.getHost().equals(uri.getHost())
                && server.getPort() == uri.getPort();
    }
}
