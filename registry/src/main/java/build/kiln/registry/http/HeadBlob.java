package build.kiln.registry.http;

import build.kiln.registry.image.Digest;
import build.kiln.registry.image.Repository;
import java.util.List;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/** {@code HEAD /v2/<name>/blobs/<digest>}: is the blob there? */
record HeadBlob(Repository repository, Digest digest) implements Endpoint<Boolean> {
    @Override
    public String action() {
        return "look for blob " + digest + " in " + repository;
    }

    @Override
    public List<Scope> scopes() {
        return List.of(Scope.pull(repository));
    }

    @Override
    public Request.Builder request(HttpUrl base) {
        return new Request.Builder().url(Paths.blob(base, repository, digest)).head();
    }

    @Override
    public boolean understands(int status) {
        return status == 200 || status == 404;
    }

    @Override
    public Boolean read(Response response) {
        return response.code() == 200;
    }
}
