package build.kiln.worker;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Set once, when the worker is told to stop. */
final class Cancellation {
    private final CountDownLatch requested = new CountDownLatch(1);

    private final List<Cancellation> parts = new CopyOnWriteArrayList<>();

    void request() {
        requested.countDown();
        parts.forEach(Cancellation::request);
    }

    /** One that is requested with this one, and can be without it. */
    Cancellation forPart() {
        Cancellation part = new Cancellation();
        parts.add(part);
        if (isRequested()) {
            part.request();
        }
        return part;
    }

    boolean isRequested() {
        return requested.getCount() == 0;
    }

    /** Waits at most this long; returns whether the worker was told to stop. */
    boolean await(Duration atMost) throws InterruptedException {
        return requested.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
    }
}
