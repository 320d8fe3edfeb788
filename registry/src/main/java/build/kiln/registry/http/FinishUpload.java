package build.kiln.registry.http;

import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Repository;
import java.io.IOException;
import java.util.List;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;

/** {@code PUT <location>?digest=<digest>}: sends a blob in one piece ("Pushing a blob monolithically"). */
record FinishUpload(Repository repository, Descriptor blob, HttpUrl location, BlobContent content)
        implements Endpoint<Boolean> {
    private static final MediaType OCTETS = MediaType.get("application/octet-stream");

    @Override
    public String action() {
        return "upload blob " + blob.digest() + " to " + repository;
    }

    @Override
    public List<Scope> scopes() {
        return List.of(Scope.push(repository));
    }

    @Override
    public Request.Builder request(HttpUrl base) {
        HttpUrl url = location.newBuilder()
                .addQueryParameter("digest", blob.digest().toString())
                .build();
        return new Request.Builder().url(url).put(new RequestBody() {
            @Override
            public MediaType contentType() {
                return OCTETS;
            }

            @Override
            public long contentLength() {
                return blob.size();
            }

            @Override
            public void writeTo(BufferedSink sink) throws IOException {
                try {
                    content.writeTo(sink);
                } catch (RegistryException e) {
                    throw new IOException("the content cannot be read", e);
                }
            }
        });
    }

    @Override
    public boolean isTransfer() {
        return true;
    }

    @Override
    public Boolean read(Response response) {
        return true;
    }
}
