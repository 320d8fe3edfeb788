package build.kiln.e2e;

import build.kiln.api.v1alpha1.ImageBuild;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Counts the changes of the ImageBuilds of a workspace. */
final class StatusWrites implements AutoCloseable {
    private final Semaphore writes = new Semaphore(0);
    private final SharedIndexInformer<ImageBuild> watch;

    StatusWrites(Workspace workspace) {
        watch = workspace
                .client()
                .resources(ImageBuild.class)
                .inNamespace(workspace.namespace())
                .runnableInformer(0)
                .exceptionHandler((_, _) -> true)
                .addEventHandler(new ResourceEventHandler<>() {
                    @Override
                    public void onAdd(ImageBuild build) {}

                    @Override
                    public void onUpdate(ImageBuild before, ImageBuild build) {
                        writes.release();
                    }

                    @Override
                    public void onDelete(ImageBuild build, boolean unknown) {}
                });
        watch.start().toCompletableFuture().join();
    }

    /** Waits for so many writes after those that were waited for before. */
    void await(int count, Duration deadline) {
        try {
            if (!writes.tryAcquire(count, deadline.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("no " + count + " changes of ImageBuilds within " + deadline);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        watch.stop();
    }
}
