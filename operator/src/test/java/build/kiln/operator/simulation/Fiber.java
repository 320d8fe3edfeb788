package build.kiln.operator.simulation;

import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** A piece of real code that runs only between two pauses, while everything else stands still. */
final class Fiber {
    private final Semaphore go = new Semaphore(0);
    private final Semaphore back = new Semaphore(0);
    private boolean killed;
    private boolean ended;
    private @Nullable Throwable failure;

    Fiber(Runnable body) {
        Thread.ofVirtual().start(() -> {
            go.acquireUninterruptibly();
            try {
                check();
                body.run();
            } catch (Crash _) {
                // What was to happen: a killed process tells nobody.
            } catch (Throwable e) {
                failure = e;
            } finally {
                ended = true;
                back.release();
            }
        });
    }

    /** Lets it run to its next pause, or to its end. */
    void resume() {
        go.release();
        back.acquireUninterruptibly();
    }

    /** Waits to be resumed; called by what runs inside. */
    void pause() {
        check();
        back.release();
        go.acquireUninterruptibly();
        check();
    }

    /** It never gets beyond the pause that it is in. */
    void kill() {
        killed = true;
        if (!ended) {
            resume();
        }
    }

    boolean hasEnded() {
        return ended;
    }

    /** What ended it; null when it returned, or was killed. */
    @Nullable
    Throwable failure() {
        return failure;
    }

    private void check() {
        if (killed) {
            throw new Crash();
        }
    }
}
