package build.kiln.registry.http;

import build.kiln.registry.image.Digest;
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Manifest;
import java.util.List;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** {@code PUT /v2/<name>/manifests/<reference>}, under a digest or a tag. */
record PutManifest(ImageReference reference, Manifest manifest) implements Endpoint<Digest> {
    @Override
    public String action() {
        return "push manifest for " + reference;
    }

    @Override
    public List<Scope> scopes() {
        return List.of(Scope.push(reference.repository()));
    }

    @Override
    public Request.Builder request(HttpUrl base) {
        return new Request.Builder()
                .url(Paths.manifest(base, reference))
                .put(RequestBody.create(manifest.bytes(), MediaType.get(manifest.mediaType())));
    }

    @Override
    public Digest read(Response response) throws MalformedImageException {
        Digest announced = GetManifest.announced(response).orElse(manifest.digest());
        if (announced.algorithm() == manifest.digest().algorithm() && !announced.equals(manifest.digest())) {
            throw new MalformedImageException(
                    "The registry stored it as " + announced + " instead of " + manifest.digest() + ".");
        }
        return manifest.digest();
    }
}
