package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.testing.ControlPlane;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;

/** A build that others write all the time: a GitOps tool that applies without end, and somebody who labels and annotates. */
class SharedObjectIT extends LiveOperator {
    private static final String GITOPS = "argocd-controller";

    SharedObjectIT(ControlPlane.Access access) {
        super(access);
    }

    @Test
    void writersNeitherFightNorLoseAStatus() throws Exception {
        applyAsGitOps(client);
        List<ImageBuild> versions = new CopyOnWriteArrayList<>();
        AtomicBoolean enough = new AtomicBoolean();
        AtomicInteger labels = new AtomicInteger();
        try (Watch _ = build().watch(collectInto(versions));
                KubernetesClient other = access.client();
                ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor()) {
            start();
            Future<Integer> gitOps = writers.submit(() -> repeat(enough, _ -> applyAsGitOps(other)));
            Future<Integer> labelling = writers.submit(() -> repeat(enough, i -> {
                label(other, i);
                labels.set(i);
            }));
            for (Pod pod : awaitPods(2)) {
                amongWrites(labels, () -> kubelet.start(pod));
                amongWrites(labels, () -> kubelet.succeed(pod, pushed()));
            }
            awaitPhase(Run.Phase.Succeeded);
            amongWrites(labels, () -> {});
            enough.set(true);

            assertThat(gitOps.get(60, TimeUnit.SECONDS)).isGreaterThan(5);
            assertThat(labelling.get(60, TimeUnit.SECONDS)).isGreaterThan(5);
        }

        ImageBuild last = build().require();
        assertThat(last.getMetadata().getGeneration()).isEqualTo(1);
        assertThat(last.getMetadata().getLabels()).containsEntry("written", "" + labels.get());
        assertThat(run().number()).isEqualTo(1);
        assertThat(services.published()).hasSize(1);
        assertNothingIsLost(versions);
        assertOwnFieldsOnly(last.getMetadata().getManagedFields());
    }

    /** Waits until the others have written some more, before and after. */
    private static void amongWrites(AtomicInteger writes, Runnable act) {
        awaitMore(writes);
        act.run();
        awaitMore(writes);
    }

    private static void awaitMore(AtomicInteger writes) {
        int before = writes.get();
        await("more writes by others").atMost(LONGEST).until(() -> writes.get() > before + 1);
    }

    private static void assertNothingIsLost(List<ImageBuild> versions) {
        ImageBuildStatus before = ImageBuildStatus.empty();
        for (ImageBuild version : versions) {
            ImageBuildStatus status = version.getStatus();
            if (before.run() != null) {
                Run run = Objects.requireNonNull(status.run(), "a run is never forgotten");
                assertThat(Objects.requireNonNull(run.phase()))
                        .isGreaterThanOrEqualTo(
                                Objects.requireNonNull(before.run().phase()));
                assertThat(built(status)).isGreaterThanOrEqualTo(built(before));
            }
            before = status;
        }
        assertThat(built(before)).isEqualTo(2);
    }

    private static long built(ImageBuildStatus status) {
        return Objects.requireNonNullElse(status.platforms(), List.<PlatformStatus>of()).stream()
                .filter(platform -> platform.state() == PlatformStatus.State.Succeeded)
                .count();
    }

    /** The GitOps tool owns what it applied, the operator the status, and nobody anything of both. */
    private static void assertOwnFieldsOnly(List<ManagedFieldsEntry> fields) {
        List<String> owners = new ArrayList<>();
        for (ManagedFieldsEntry entry : fields) {
            boolean ofStatus = entry.getFieldsV1().getAdditionalProperties().containsKey("f:status");
            boolean ofSpec = entry.getFieldsV1().getAdditionalProperties().containsKey("f:spec");
            assertThat(ofStatus && ofSpec).as("%s", entry).isFalse();
            assertThat(ofStatus).as("%s", entry).isEqualTo("status".equals(entry.getSubresource()));
            if (ofSpec) {
                owners.add(entry.getManager());
            }
        }
        assertThat(owners).containsExactly(GITOPS);
    }

    private static int repeat(AtomicBoolean enough, IntConsumer write) {
        int writes = 0;
        while (!enough.get()) {
            write.accept(++writes);
        }
        return writes;
    }

    /** As GitOps tools do: without force, so that any fight about a field is an error. */
    private void applyAsGitOps(KubernetesClient by) {
        ImageBuild build = by.getKubernetesSerialization().unmarshal(INLINE, ImageBuild.class);
        build.getMetadata().setNamespace(namespace);
        by.resource(build).fieldManager(GITOPS).serverSideApply();
    }

    private void label(KubernetesClient by, int value) {
        by.resources(ImageBuild.class)
                .inNamespace(namespace)
                .withName("hello")
                .patch(PatchContext.of(PatchType.JSON_MERGE), """
                        {"metadata": {"labels": {"written": "%1$d"}, "annotations": {"example.com/note": "%1$d"}}}
                        """.formatted(value));
    }

    private static Watcher<ImageBuild> collectInto(List<ImageBuild> versions) {
        return new Watcher<>() {
            @Override
            public void eventReceived(Action action, ImageBuild version) {
                versions.add(version);
            }

            @Override
            public void onClose(WatcherException cause) {
                throw new IllegalStateException("the watch ends early", cause);
            }
        };
    }
}
