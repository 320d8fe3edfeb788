package build.kiln.registry.http;

import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Repository;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.List;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import okio.BufferedSink;
import okio.BufferedSource;

/**
 * {@code GET /v2/<name>/blobs/<digest>}, streamed into a sink. Exactly the descriptor's size is passed on; when the
 * content proves to be another one that is noticed only at the end, so a receiver waits for this to return.
 */
record GetBlob(Repository repository, Descriptor blob, BufferedSink sink) implements Endpoint<Long> {
    private static final int CHUNK = 64 * 1024;

    @Override
    public String action() {
        return "read blob " + blob.digest() + " of " + repository;
    }

    @Override
    public List<Scope> scopes() {
        return List.of(Scope.pull(repository));
    }

    @Override
    public Request.Builder request(HttpUrl base) {
        return new Request.Builder().url(Paths.blob(base, repository, blob.digest()));
    }

    @Override
    public boolean isTransfer() {
        return true;
    }

    @Override
    public boolean understands(int status) {
        return status == 200;
    }

    @Override
    public Long read(Response response) throws IOException, MalformedImageException {
        BufferedSource source = response.body().source();
        MessageDigest hash = blob.digest().algorithm().newHash();
        byte[] chunk = new byte[CHUNK];
        long passed = 0;
        for (int read = source.read(chunk); read >= 0; read = source.read(chunk)) {
            passed += read;
            if (passed > blob.size()) {
                throw new MalformedImageException("The blob is larger than the " + blob.size() + " bytes announced.");
            }
            hash.update(chunk, 0, read);
            sink.write(chunk, 0, read);
        }
        Digest actual = Digest.of(blob.digest().algorithm(), hash);
        if (passed != blob.size() || !actual.equals(blob.digest())) {
            throw new MalformedImageException("The blob has " + passed + " bytes and the digest " + actual
                    + " instead of " + blob.size() + " bytes and " + blob.digest() + ".");
        }
        return passed;
    }
}
