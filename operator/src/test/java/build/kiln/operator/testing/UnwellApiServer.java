package build.kiln.operator.testing;

import java.io.IOException;
import java.util.Random;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;

/** An API server as a client sees it that refuses every third write, or does it and does not answer. A seed decides which. */
public final class UnwellApiServer implements Interceptor {
    private static final int[] REFUSALS = {409, 429, 500, 503};

    private final Random random;
    private int failures;

    /** With this seed. */
    public UnwellApiServer(long seed) {
        this.random = new Random(seed);
    }

    /** How many writes were not answered, or refused. */
    public synchronized int failures() {
        return failures;
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        int fault = CutConnection.isWrite(request) ? fault() : Integer.MAX_VALUE;
        if (fault < REFUSALS.length) {
            return refusal(request, REFUSALS[fault]);
        }
        if (fault == REFUSALS.length) {
            chain.proceed(request).close();
            throw new IOException("the answer was lost");
        }
        return chain.proceed(request);
    }

    private synchronized int fault() {
        int fault = random.nextInt(3 * (REFUSALS.length + 1));
        failures += fault <= REFUSALS.length ? 1 : 0;
        return fault;
    }

    private static Response refusal(Request request, int code) {
        String status =
                "{\"kind\": \"Status\", \"apiVersion\": \"v1\", \"status\": \"Failure\", \"message\": \"not now\", \"code\": "
                        + code + "}";
        return new Response.Builder()
                .request(request)
                .protocol(Protocol.HTTP_1_1)
                .code(code)
                .message("not now")
                .body(ResponseBody.create(status, MediaType.get("application/json")))
                .build();
    }
}
