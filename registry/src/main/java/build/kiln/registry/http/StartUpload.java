package build.kiln.registry.http;

import build.kiln.registry.image.Digest;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Repository;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/**
 * {@code POST /v2/<name>/blobs/uploads/}: opens an upload, or has the registry take the blob from another of its
 * repositories ("mount"). A registry that does not mount opens an upload instead.
 *
 * @param mountFrom a repository of the same registry that holds the blob
 */
record StartUpload(Repository repository, Digest digest, Optional<Repository> mountFrom)
        implements Endpoint<StartUpload.Outcome> {

    /**
     * What the registry did.
     *
     * @param location where the content has to be put; empty when the blob is in place
     */
    record Outcome(Optional<HttpUrl> location) {}

    @Override
    public String action() {
        return mountFrom
                .map(source -> "mount blob " + digest + " of " + source + " in " + repository)
                .orElseGet(() -> "start upload of blob " + digest + " to " + repository);
    }

    @Override
    public List<Scope> scopes() {
        List<Scope> scopes = new ArrayList<>(List.of(Scope.push(repository)));
        mountFrom.ifPresent(source -> scopes.add(Scope.pull(source)));
        return scopes;
    }

    @Override
    public Request.Builder request(HttpUrl base) {
        HttpUrl.Builder url = Paths.uploads(base, repository).newBuilder();
        mountFrom.ifPresent(
                source -> url.addQueryParameter("mount", digest.toString()).addQueryParameter("from", source.path()));
        return new Request.Builder().url(url.build()).post(RequestBody.EMPTY);
    }

    @Override
    public boolean understands(int status) {
        return status == 202 || (status == 201 && mountFrom.isPresent());
    }

    @Override
    public Outcome read(Response response) throws MalformedImageException {
        if (response.code() == 201) {
            return new Outcome(Optional.empty());
        }
        String location = response.header("Location");
        HttpUrl resolved = location == null ? null : response.request().url().resolve(location);
        if (resolved == null) {
            throw new MalformedImageException("The registry does not say where to upload to.");
        }
        return new Outcome(Optional.of(resolved));
    }
}
