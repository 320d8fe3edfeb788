package build.kiln.operator.testing;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * The connection of a process that is killed at a certain write to the API server: nothing that it sends afterwards arrives.
 * Events and leases do not count; they change nothing about builds.
 */
public final class CutConnection implements Interceptor {
    private final int writes;
    private final boolean arrives;
    private final AtomicInteger seen = new AtomicInteger();
    private volatile boolean cut;

    /**
     * @param writes how many succeed
     * @param arrives whether the one after them still reaches the API server
     */
    public CutConnection(int writes, boolean arrives) {
        this.writes = writes;
        this.arrives = arrives;
    }

    /** Whether it has come to that. */
    public boolean isCut() {
        return cut;
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        if (!cut && isWrite(request) && seen.incrementAndGet() > writes) {
            cut = true;
            if (arrives) {
                chain.proceed(request).close();
            }
        }
        if (cut) {
            throw new IOException("the process was killed");
        }
        return chain.proceed(request);
    }

    /** Whether a request changes what the life of builds depends on. */
    static boolean isWrite(Request request) {
        String path = request.url().encodedPath();
        return !request.method().equals("GET") && !path.contains("/events") && !path.contains("/leases");
    }
}
