package build.kiln.registry.http;

import build.kiln.registry.image.Digest;
import build.kiln.registry.image.ImageReference;
import build.kiln.registry.image.InvalidReferenceException;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.MediaTypes;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/** {@code GET /v2/<name>/manifests/<reference>}. */
record GetManifest(ImageReference reference) implements Endpoint<Manifest> {
    static final String ACCEPT = String.join(
            ", ", MediaTypes.OCI_INDEX, MediaTypes.OCI_MANIFEST, MediaTypes.DOCKER_LIST, MediaTypes.DOCKER_MANIFEST);

    @Override
    public String action() {
        return "read manifest of " + reference;
    }

    @Override
    public List<Scope> scopes() {
        return List.of(Scope.pull(reference.repository()));
    }

    @Override
    public Request.Builder request(HttpUrl base) {
        return new Request.Builder().url(Paths.manifest(base, reference)).header("Accept", ACCEPT);
    }

    @Override
    public Manifest read(Response response) throws IOException, MalformedImageException {
        byte[] body = Bodies.read(response, Manifest.LARGEST);
        Optional<Digest> expected = reference.digest().or(() -> announced(response));
        Digest actual = expected.isPresent() ? Digest.of(expected.get().algorithm(), body) : Digest.sha256(body);
        if (!actual.equals(expected.orElse(actual))) {
            throw new MalformedImageException(
                    "The answer has the digest " + actual + " instead of " + expected.orElse(actual) + ".");
        }
        return Manifest.of(body, contentType(response), actual.algorithm());
    }

    private static String contentType(Response response) {
        String header = response.header("Content-Type");
        return header == null ? "" : header.split(";", 2)[0].strip();
    }

    /** The digest that the registry itself names; one that is not a digest says nothing. */
    static Optional<Digest> announced(Response response) {
        String header = response.header("Docker-Content-Digest");
        try {
            return header == null ? Optional.empty() : Optional.of(Digest.parse(header));
        } catch (InvalidReferenceException e) {
            return Optional.empty();
        }
    }
}
