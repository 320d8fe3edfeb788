package build.kiln.registry.http;

import build.kiln.registry.image.MalformedImageException;
import java.io.IOException;
import okhttp3.Response;
import okio.BufferedSource;

/** Reading of bodies that have to fit into memory. */
final class Bodies {
    private Bodies() {}

    /**
     * The whole body.
     *
     * @throws MalformedImageException when it is larger than {@code largest} bytes
     */
    static byte[] read(Response response, long largest) throws IOException, MalformedImageException {
        BufferedSource source = response.body().source();
        if (source.request(largest + 1)) {
            throw new MalformedImageException("The answer is larger than " + largest + " bytes.");
        }
        return source.readByteArray();
    }
}
