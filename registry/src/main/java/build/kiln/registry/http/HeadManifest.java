package build.kiln.registry.http;

import build.kiln.registry.image.Digest;
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.MalformedImageException;
import java.util.List;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/**
 * {@code HEAD /v2/<name>/manifests/<reference>}: is the manifest there, and which one is it? Registries do not count it
 * as a pull.
 */
record HeadManifest(ImageReference reference) implements Endpoint<HeadManifest.Answer> {
    /**
     * What the registry says.
     *
     * @param found whether there is such a manifest
     * @param digest of it; empty when the registry does not name it
     */
    record Answer(boolean found, Optional<Digest> digest) {}

    @Override
    public String action() {
        return "look for manifest " + reference;
    }

    @Override
    public List<Scope> scopes() {
        return List.of(Scope.pull(reference.repository()));
    }

    @Override
    public Request.Builder request(HttpUrl base) {
        return new Request.Builder()
                .url(Paths.manifest(base, reference))
                .header("Accept", GetManifest.ACCEPT)
                .head();
    }

    @Override
    public boolean understands(int status) {
        return status == 200 || status == 404;
    }

    @Override
    public Answer read(Response response) throws MalformedImageException {
        if (response.code() == 404) {
            return new Answer(false, Optional.empty());
        }
        Optional<Digest> announced = GetManifest.announced(response);
        Digest wanted = reference.digest().or(() -> announced).orElse(null);
        if (wanted != null && !announced.orElse(wanted).equals(wanted)) {
            throw new MalformedImageException(
                    "The registry holds " + announced.get() + " under the digest " + wanted + ".");
        }
        return new Answer(true, reference.digest().or(() -> announced));
    }
}
