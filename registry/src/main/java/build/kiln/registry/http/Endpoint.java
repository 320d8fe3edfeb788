package build.kiln.registry.http;

import build.kiln.registry.image.MalformedImageException;
import java.io.IOException;
import java.util.List;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/**
 * One endpoint of the OCI distribution specification: what is asked and how the answer is read. An instance may be
 * asked several times.
 *
 * @param <T> what the answer means
 */
interface Endpoint<T> {
    /** What is being done, for the error that says it did not work. */
    String action();

    /** What an access token has to allow. */
    List<Scope> scopes();

    /** The request, below the registry's {@code /v2/}. */
    Request.Builder request(HttpUrl base);

    /** Whether {@link #read} understands this status. Any other is a failure. */
    default boolean understands(int status) {
        return status >= 200 && status < 300;
    }

    /** Whether the body may be large, so that only the deadline of the whole call bounds its time. */
    default boolean isTransfer() {
        return false;
    }

    T read(Response response) throws IOException, MalformedImageException, RegistryException;
}
