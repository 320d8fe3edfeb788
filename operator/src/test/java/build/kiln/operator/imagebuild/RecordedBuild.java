package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence.OfPod;
import build.kiln.operator.failure.Evidence.OfSource;
import build.kiln.operator.source.Resolution;
import build.kiln.protocol.BuildResult.CacheUse;
import build.kiln.protocol.BuildResult.ExportResult;
import build.kiln.protocol.BuildResult.ImportResult;
import build.kiln.protocol.BuildResult.Steps;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A build in one of the states that its conditions tell apart, as the planner and the status code leave it behind, and what
 * those who wait for builds have to make of it.
 *
 * @param state in one word
 * @param conditions the statuses of Ready, Reconciling, Stalled and Finished that belong to it; a dash for one that is absent
 * @param kstatus what kstatus says of it
 * @param health what Argo CD says of it
 * @param scenario that it is the end of
 */
record RecordedBuild(String state, String conditions, KStatus kstatus, Health health, Scenario scenario) {
    private static final String AMD64 = "linux/amd64";
    private static final String ARM64 = "linux/arm64";
    private static final String OTHER_REVISION = Specs.GIT.replace("main", "v2");
    private static final String UNDER_WAY = "Unknown True - False";
    private static final String SUCCESS = "True - - True";
    private static final String SUSPENDED = "False - - False";
    private static final String SUSPEND = "suspend: true\n";
    private static final String FAILURE = "False - True True";

    /** What kstatus says of an object. */
    enum KStatus {
        InProgress,
        Current,
        Failed
    }

    /** What Argo CD says of an object. */
    enum Health {
        Progressing,
        Healthy,
        Degraded,
        Suspended
    }

    /** One of each. */
    static List<RecordedBuild> all() {
        return List.of(
                of("not-seen", "- - - -", KStatus.InProgress, Health.Progressing, Specs.GIT, _ -> {}),
                of("resolving", UNDER_WAY, KStatus.InProgress, Health.Progressing, Specs.GIT, Scenario::run),
                of(
                        "trying-again",
                        UNDER_WAY,
                        KStatus.InProgress,
                        Health.Progressing,
                        Specs.GIT,
                        RecordedBuild::searchInVain),
                of(
                        "waiting-for-node",
                        UNDER_WAY,
                        KStatus.InProgress,
                        Health.Progressing,
                        Specs.INLINE,
                        RecordedBuild::waitForNode),
                of("building", UNDER_WAY, KStatus.InProgress, Health.Progressing, Specs.GIT, RecordedBuild::build),
                of(
                        "retrying",
                        UNDER_WAY,
                        KStatus.InProgress,
                        Health.Progressing,
                        Specs.INLINE,
                        RecordedBuild::loseANode),
                of(
                        "publishing",
                        UNDER_WAY,
                        KStatus.InProgress,
                        Health.Progressing,
                        Specs.INLINE,
                        RecordedBuild::buildAll),
                of("succeeded", SUCCESS, KStatus.Current, Health.Healthy, Specs.GIT, Scenario::succeed),
                of("succeeded-with-a-cold-cache", SUCCESS, KStatus.Current, Health.Healthy, Specs.GIT, build -> {
                    build.steps = new Steps(8, 0);
                    build.cacheUse =
                            new CacheUse(ImportResult.Broken, ExportResult.Exported, null, "RUN make", 20, 900L);
                    build.succeed();
                }),
                of("edited-not-seen", SUCCESS, KStatus.InProgress, Health.Progressing, Specs.GIT, build -> {
                    build.succeed();
                    build.edit(OTHER_REVISION);
                }),
                of("building-again", UNDER_WAY, KStatus.InProgress, Health.Progressing, Specs.GIT, build -> {
                    build.succeed();
                    build.edit(OTHER_REVISION);
                    build(build);
                }),
                of("failed", FAILURE, KStatus.Failed, Health.Degraded, Specs.INLINE, RecordedBuild::fail),
                of("failed-after-success", FAILURE, KStatus.Failed, Health.Degraded, Specs.INLINE, build -> {
                    build.succeed();
                    build.edit(Specs.INLINE.replace("scratch", "busybox"));
                    fail(build);
                }),
                of("cancelled", FAILURE, KStatus.Failed, Health.Degraded, Specs.GIT, build -> {
                    build(build);
                    build.requestCancel("now");
                    build.run();
                }),
                of("suspended", SUSPENDED, KStatus.InProgress, Health.Suspended, Specs.GIT + SUSPEND, Scenario::run),
                of("suspended-after-success", SUCCESS, KStatus.Current, Health.Healthy, Specs.GIT, build -> {
                    build.succeed();
                    build.edit(Specs.GIT + SUSPEND);
                    build.run();
                }),
                of("suspended-and-edited", SUSPENDED, KStatus.InProgress, Health.Suspended, Specs.GIT, build -> {
                    build.succeed();
                    build.edit(OTHER_REVISION + SUSPEND);
                    build.run();
                }));
    }

    private static RecordedBuild of(
            String state, String conditions, KStatus kstatus, Health health, String spec, Consumer<Scenario> story) {
        Scenario scenario = new Scenario(spec);
        story.accept(scenario);
        return new RecordedBuild(state, conditions, kstatus, health, scenario);
    }

    ImageBuildStatus status() {
        return scenario.status;
    }

    List<Condition> writtenConditions() {
        return Objects.requireNonNullElse(status().conditions(), List.of());
    }

    /** The message of the condition that everybody reads first; empty when it speaks of another version of the spec. */
    String message() {
        return writtenConditions().stream()
                .filter(condition -> condition.type().equals("Ready")
                        && Objects.equals(condition.observedGeneration(), scenario.generation))
                .map(Condition::message)
                .findFirst()
                .orElse("");
    }

    /** The object as the API server shows it. */
    ImageBuild object() {
        ImageBuild build = new ImageBuild();
        build.setMetadata(new ObjectMetaBuilder()
                .withName(Scenario.NAME)
                .withNamespace(Scenario.NAMESPACE)
                .withGeneration(scenario.generation)
                .build());
        build.setSpec(scenario.spec);
        build.setStatus(status().observedGeneration() == null ? byDefault() : status());
        return build;
    }

    static String yaml(Object object) {
        return new KubernetesSerialization().asYaml(object);
    }

    /** The default of the CustomResourceDefinition. */
    private static ImageBuildStatus byDefault() {
        return ImageBuildStatusBuilder.builder().observedGeneration(-1L).build();
    }

    @Override
    public String toString() {
        return state;
    }

    /** Of all given conditions, those that the table names, in its order and form. */
    static String row(List<Condition> conditions) {
        return Stream.of("Ready", "Reconciling", "Stalled", "Finished")
                .map(type -> conditions.stream()
                        .filter(condition -> condition.type().equals(type))
                        .map(condition -> condition.status().name())
                        .collect(Collectors.collectingAndThen(
                                Collectors.joining(), status -> status.isEmpty() ? "-" : status)))
                .collect(Collectors.joining(" "));
    }

    private static void searchInVain(Scenario build) {
        build.run();
        build.resolve(new Resolution.Unresolved(Diagnosis.of(OfSource.UNREACHABLE, "cannot reach git.example.com")));
    }

    private static void waitForNode(Scenario build) {
        build.run();
        build.end(AMD64, build.running());
        build.end(ARM64, build.waiting("Unschedulable"));
        build.run();
    }

    private static void build(Scenario build) {
        build.run();
        build.resolve(new Resolution.Resolved(Specs.COMMIT));
        build.run();
        build.pass(Duration.ofSeconds(2));
        build.end(AMD64, build.running());
        build.end(ARM64, build.running());
        build.run();
    }

    private static void loseANode(Scenario build) {
        build.run();
        build.end(ARM64, build.failed(ARM64, OfPod.NODE_GONE));
        build.run();
    }

    private static void buildAll(Scenario build) {
        build.run();
        build.end(AMD64, build.succeeded(AMD64));
        build.end(ARM64, build.succeeded(ARM64));
        build.run();
    }

    private static void fail(Scenario build) {
        build.run();
        build.pass(Duration.ofSeconds(30));
        build.end(ARM64, build.failed(ARM64, Scenario.BUILD_FAILED));
        build.run();
    }
}
