package build.kiln.registry.http;

import build.kiln.registry.image.Digest;
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.Repository;
import okhttp3.HttpUrl;

/** URLs of the OCI distribution specification ("Endpoints"). */
final class Paths {
    private Paths() {}

    static HttpUrl manifest(HttpUrl base, ImageReference reference) {
        return below(base, reference.repository(), "manifests/" + reference.target());
    }

    static HttpUrl blob(HttpUrl base, Repository repository, Digest digest) {
        return below(base, repository, "blobs/" + digest);
    }

    static HttpUrl uploads(HttpUrl base, Repository repository) {
        return below(base, repository, "blobs/uploads/");
    }

    private static HttpUrl below(HttpUrl base, Repository repository, String path) {
        return base.newBuilder().addPathSegments(repository.path() + "/" + path).build();
    }
}
