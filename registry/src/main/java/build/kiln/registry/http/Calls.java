package build.kiln.registry.http;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** Makes calls that end in time. */
final class Calls {
    private Calls() {}

    /**
     * Makes a call that may take as long as the limit, and no longer than what is left of the whole call's time.
     *
     * @throws InterruptedIOException when the time is over, or the thread was interrupted; its status is set then
     */
    static Response execute(OkHttpClient client, Request request, Duration limit, Deadline deadline)
            throws IOException {
        var call = client.newCall(request);
        // The rest of a millisecond counts as one: a call that the deadline ends has to find it over.
        long millis = Math.min(limit.toMillis(), deadline.remaining().toMillis() + 1);
        // Zero would mean no limit.
        call.timeout().timeout(Math.max(1, millis), TimeUnit.MILLISECONDS);
        try {
            return call.execute();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            // Kotlin has no checked exceptions: while it connects, OkHttp lets an InterruptedException through.
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
                throw (InterruptedIOException) new InterruptedIOException("interrupted").initCause(e);
            }
            throw new IllegalStateException(e);
        }
    }
}
