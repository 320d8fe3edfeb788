package build.kiln.registry.http;

import java.util.List;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/** {@code GET /v2/}: is this a registry, and does it accept the credentials? */
record Ping(String registry) implements Endpoint<Boolean> {
    @Override
    public String action() {
        return "reach registry " + registry;
    }

    @Override
    public List<Scope> scopes() {
        return List.of();
    }

    @Override
    public Request.Builder request(HttpUrl base) {
        return new Request.Builder().url(base);
    }

    @Override
    public Boolean read(Response response) {
        return true;
    }
}
