package build.kiln.registry.http;

import build.kiln.registry.image.ImageReference;
import java.util.List;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/** {@code DELETE /v2/<name>/manifests/<reference>}: the manifest of a digest, or a tag alone. Gone already is done. */
record DeleteManifest(ImageReference reference) implements Endpoint<Boolean> {
    @Override
    public String action() {
        return "delete manifest " + reference;
    }

    @Override
    public List<Scope> scopes() {
        return List.of(Scope.delete(reference.repository()));
    }

    @Override
    public Request.Builder request(HttpUrl base) {
        return new Request.Builder().url(Paths.manifest(base, reference)).delete();
    }

    @Override
    public boolean understands(int status) {
        return Endpoint.super.understands(status) || status == 404;
    }

    @Override
    public Boolean read(Response response) {
        return response.code() != 404;
    }
}
