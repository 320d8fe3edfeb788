package build.kiln.operator.source;

import build.kiln.api.v1alpha1.Source;
import build.kiln.operator.credentials.BuildCredentials.GitCredentials;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfSource;
import build.kiln.registry.image.Text;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.eclipse.jgit.errors.NotSupportedException;
import org.eclipse.jgit.errors.TransportException;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.Ref;
import org.eclipse.jgit.transport.FetchConnection;
import org.eclipse.jgit.transport.Transport;
import org.eclipse.jgit.transport.TransportHttp;
import org.eclipse.jgit.transport.URIish;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks git servers over HTTP and HTTPS, with protocol version 2 where the server has it. Safe for concurrent use. */
public final class GitRevisionResolver implements RevisionResolver {
    private static final Logger LOG = LoggerFactory.getLogger(GitRevisionResolver.class);

    private final Duration timeout;

    /**
     * @param timeout for one question to a server
     */
    public GitRevisionResolver(Duration timeout) {
        this.timeout = timeout;
        IsolatedSystemReader.install();
    }

    @Override
    public Resolution resolve(Source.Git source, @Nullable GitCredentials credentials) {
        Optional<String> commit = RevisionNames.commit(source.revision());
        if (commit.isPresent()) {
            return new Resolution.Resolved(commit.get());
        }
        URIish uri;
        try {
            uri = new URIish(source.url());
        } catch (URISyntaxException e) {
            return notHttp(source.url());
        }
        if (!List.of("http", "https").contains(String.valueOf(uri.getScheme())) || uri.getHost() == null) {
            return notHttp(source.url());
        }
        List<String> candidates = RevisionNames.candidates(source.revision());
        Exchange exchange = new Exchange(timeout);
        try {
            Map<String, Ref> found = references(uri, credentials, exchange, candidates);
            return candidates.stream()
                    .map(found::get)
                    .filter(Objects::nonNull)
                    .map(GitRevisionResolver::commitOf)
                    .filter(Objects::nonNull)
                    .findFirst()
                    .<Resolution>map(id -> new Resolution.Resolved(id.name()))
                    .orElseGet(() -> missing(source, uri, credentials));
        } catch (TransportException | NotSupportedException e) {
            return new SourceFailure(source.url(), credentials, exchange).of(e);
        }
    }

    private static Resolution notHttp(String url) {
        return new Resolution.Unresolved(Diagnosis.of(
                OfSource.INVALID_ADDRESS,
                "spec.source.git.url: \"" + Text.shown(url)
                        + "\" is not an address such as https://git.example.com/shop/api.git; write one."));
    }

    private static Map<String, Ref> references(
            URIish uri, @Nullable GitCredentials credentials, Exchange exchange, List<String> prefixes)
            throws TransportException, NotSupportedException {
        try (Transport transport = Transport.open(uri)) {
            if (!(transport instanceof TransportHttp http)) {
                throw new NotSupportedException("not HTTP: " + uri.getScheme());
            }
            http.setHttpConnectionFactory(BoundedConnection.factory(exchange));
            http.setCredentialsProvider(new SourceCredentials(uri, credentials));
            http.setTimeout(Math.max(1, exchange.remainingMillis() / 1000));
            try (FetchConnection connection = http.openFetch(List.of(), prefixes.toArray(String[]::new))) {
                return connection.getRefs().stream()
                        .collect(Collectors.toMap(Ref::getName, ref -> ref, (first, _) -> first));
            }
        }
    }

    /** An annotated tag names a tag object; the commit behind it is what is built. */
    private static @Nullable ObjectId commitOf(Ref reference) {
        ObjectId peeled = reference.getPeeledObjectId();
        return peeled == null ? reference.getObjectId() : peeled;
    }

    private Resolution missing(Source.Git source, URIish uri, @Nullable GitCredentials credentials) {
        String revision = source.revision();
        if (revision == null) {
            return notFound("Repository " + source.url()
                    + " has no default branch: it is empty, or its HEAD points nowhere. Push a commit, or set"
                    + " spec.source.git.revision.");
        }
        List<String> near = near(revision, uri, credentials);
        String advice = revision.matches("[0-9a-fA-F]{4,63}")
                ? "A commit needs its full id of 40 characters."
                : "Set spec.source.git.revision to a branch, a tag or a full commit id.";
        return notFound("Revision \"" + revision + "\" does not exist in " + source.url()
                + (near.isEmpty() ? "" : "; near it are " + String.join(", ", near)) + ". " + advice);
    }

    private static Resolution notFound(String message) {
        return new Resolution.Unresolved(Diagnosis.of(OfSource.NOT_FOUND, message));
    }

    private List<String> near(String revision, URIish uri, @Nullable GitCredentials credentials) {
        try {
            List<String> all = List.of(RevisionNames.BRANCHES, RevisionNames.TAGS);
            return RevisionNames.near(
                            revision,
                            references(uri, credentials, new Exchange(timeout), all)
                                    .keySet())
                    .stream()
                    .map(Text::shown)
                    .toList();
        } catch (TransportException | NotSupportedException e) {
            LOG.atDebug().addKeyValue("url", uri).setCause(e).log("No names to suggest for a missing revision");
            return List.of();
        }
    }
}
