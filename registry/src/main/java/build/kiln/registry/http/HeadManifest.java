package build.kiln.registry.http;

import build.kiln.registry.image.Digest;
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Repository;
import java.util.List;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/** {@code HEAD /v2/<name>/manifests/<digest>}: is the manifest there? */
record HeadManifest(Repository repository, Digest digest) implements Endpoint<Boolean> {
    private ImageReference reference() {
        return repository.at(digest);
    }

    @Override
    public String action() {
        return "look for manifest " + reference();
    }

    @Override
    public List<Scope> scopes() {
        return List.of(Scope.pull(repository));
    }

    @Override
    public Request.Builder request(HttpUrl base) {
        return new Request.Builder()
                .url(Paths.manifest(base, reference()))
                .header("Accept", GetManifest.ACCEPT)
                .head();
    }

    @Override
    public boolean understands(int status) {
        return status == 200 || status == 404;
    }

    @Override
    public Boolean read(Response response) throws MalformedImageException {
        Digest announced = GetManifest.announced(response).orElse(digest);
        if (response.code() == 200 && !announced.equals(digest)) {
            throw new MalformedImageException("The registry holds " + announced + " under the digest " + digest + ".");
        }
        return response.code() == 200;
    }
}
