package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.testing.ControlPlane;
import build.kiln.operator.testing.Program;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Flux and Helm, by kstatus, and scripts, by kubectl wait, follow a build from the moment it is applied. */
class ToolsThatWaitIT extends LiveOperator {
    private static final String FINISHED = "--for=condition=Finished";

    ToolsThatWaitIT(ControlPlane.Access access) {
        super(access);
    }

    @Test
    void kstatusIsNeverTooEarly() throws Exception {
        apply(INLINE);
        assertThat(kstatus()).as("applied, not seen").isEqualTo("InProgress");
        start();
        awaitPods(2).forEach(kubelet::start);
        awaitReason("Building");
        assertThat(kstatus()).as("building").isEqualTo("InProgress");
        pods().forEach(pod -> kubelet.succeed(pod, pushed()));
        awaitPhase(Run.Phase.Succeeded);
        assertThat(kstatus()).as("published").isEqualTo("Current");
    }

    @Test
    void kstatusFailsAtOnceWithTheBuildAndForgivesTheNextOne() throws Exception {
        OperatorProcess operator = start();
        apply(INLINE);
        kubelet.fail(awaitPods(2).getFirst());
        awaitPhase(Run.Phase.Failed);
        assertThat(kstatus()).as("failed").isEqualTo("Failed");
        operator.close();

        apply(INLINE.replace("FROM scratch", "FROM busybox"));
        assertThat(kstatus()).as("mended, not seen").isEqualTo("InProgress");
        start();
        awaitStatus("the second run", () -> run().number() == 2 ? status() : null);
        assertThat(kstatus()).as("building again").isEqualTo("InProgress");
    }

    @Test
    void kubectlWaitEndsWithASuccess() throws Exception {
        start();
        apply(INLINE);
        try (ExecutorService waiting = Executors.newVirtualThreadPerTaskExecutor()) {
            CompletableFuture<Program.Outcome> outcome =
                    CompletableFuture.supplyAsync(() -> kubectlWait(FINISHED), waiting);
            awaitPods(2).forEach(kubelet::start);
            awaitReason("Building");
            assertThat(outcome).isNotDone();
            pods().forEach(pod -> kubelet.succeed(pod, pushed()));

            assertThat(outcome.get(90, TimeUnit.SECONDS).exitCode()).isZero();
        }
        assertThat(kubectlWait("--for=condition=Ready").exitCode()).isZero();
    }

    @Test
    void kubectlWaitEndsWithAFailureToo() throws Exception {
        start();
        apply(INLINE);
        try (ExecutorService waiting = Executors.newVirtualThreadPerTaskExecutor()) {
            CompletableFuture<Program.Outcome> outcome =
                    CompletableFuture.supplyAsync(() -> kubectlWait(FINISHED), waiting);
            kubelet.fail(awaitPods(2).getFirst());

            assertThat(outcome.get(90, TimeUnit.SECONDS).exitCode()).isZero();
        }
        assertThat(condition("Finished").reason()).isEqualTo("Failed");
    }

    @Test
    void kubectlWaitIsNotFooledByTheImageOfAnEarlierSpec() throws Exception {
        OperatorProcess operator = start();
        apply(INLINE);
        awaitPods(2).forEach(pod -> kubelet.succeed(pod, pushed()));
        awaitPhase(Run.Phase.Succeeded);
        operator.close();

        apply(INLINE.replace("FROM scratch", "FROM busybox"));
        Program.Outcome outcome = kubectl().run("", "wait", FINISHED, "imagebuild/hello", "--timeout=1s");

        assertThat(outcome.exitCode()).isNotZero();
        assertThat(outcome.errors()).contains("timed out");
    }

    private Program.Outcome kubectlWait(String condition) {
        return kubectl().run("", "wait", condition, "imagebuild/hello", "--timeout=60s");
    }

    private String kstatus() {
        String object = kubectl().output("get", "imagebuild", "hello", "-o", "json");
        return Program.kstatus(access).outputFor(object).split("\t", -1)[1];
    }

    private Program kubectl() {
        return Program.kubectl(access, namespace);
    }
}
