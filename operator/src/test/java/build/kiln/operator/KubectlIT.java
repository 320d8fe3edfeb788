package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.testing.ControlPlane;
import build.kiln.operator.testing.Program;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What people read of a build through kubectl. */
class KubectlIT extends LiveOperator {
    private final Program kubectl;

    KubectlIT(ControlPlane.Access access) {
        super(access);
        kubectl = Program.kubectl(access, "default");
    }

    @Test
    void showsTheColumnsOfASuccess() throws Exception {
        start();
        apply(GIT);
        awaitPods(2).forEach(pod -> kubelet.succeed(pod, pushed()));
        awaitPhase(Run.Phase.Succeeded);

        List<String> lines = get().lines().toList();
        assertThat(lines.getFirst()).matches("NAME +READY +REASON +PLATFORMS +REVISION +DURATION +AGE *");
        assertThat(lines.getLast()).matches("hello +True +Succeeded +2/2 +0123456 +\\d+s +\\d+s *");

        List<String> wide = get("-o", "wide").lines().toList();
        assertThat(wide.getFirst())
                .matches("NAME +READY +REASON +PLATFORMS +REVISION +DURATION +AGE +IMAGE +CACHE +STRATEGY +MESSAGE *");
        assertThat(wide.getLast())
                .matches(
                        "hello +True +Succeeded +.* registry.example.com/demo/hello@sha256:e{64} +25% +PerPlatform +Published .*");
    }

    @Test
    void showsTheColumnsOfABuildThatIsUnderWayAndOfAFailure() throws Exception {
        start();
        apply(INLINE);
        awaitPods(2).forEach(kubelet::start);
        awaitReason("Building");
        assertThat(get().lines().toList().getLast()).matches("hello +Unknown +Building +0/2 +\\d+s *");

        kubelet.fail(pods().getFirst());
        awaitPhase(Run.Phase.Failed);
        assertThat(get().lines().toList().getLast()).matches("hello +False +BuildFailed +0/2 +\\d+s +\\d+s *");
    }

    @Test
    void describesEveryTransitionByAnEvent() throws Exception {
        start();
        apply(GIT);
        awaitPods(2).forEach(kubelet::start);
        awaitReason("Building");
        kubelet.succeed(pods().getFirst(), pushed());
        kubelet.fail(pods().getLast());
        awaitPhase(Run.Phase.Failed);

        await("all events")
                .atMost(LONGEST)
                .untilAsserted(() -> assertThat(describe())
                        .containsSubsequence(
                                "Message:",
                                "kubectl logs -n " + namespace + " hello-1-linux-arm64-1 -c worker",
                                "Events:",
                                "RunStarted",
                                "RevisionResolved",
                                "WorkerCreated",
                                "PlatformStarted",
                                "PlatformSucceeded",
                                "linux/amd64: built and pushed",
                                "PlatformFailed",
                                "RunFailed"));
    }

    /** Unlike the client of the other tests, it reads YAML as Go does: an unquoted On is a boolean. */
    @Test
    void appliesTheDefinition() {
        Path definition = Path.of(System.getProperty("kiln.root", ".."), "crds/imagebuilds.kiln.build.yaml");

        String applied = kubectl.output(
                "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", definition.toString());

        assertThat(applied).contains("imagebuilds.kiln.build");
    }

    @Test
    void explainsEveryField() {
        JSONSchemaProps schema = client.apiextensions()
                .v1()
                .customResourceDefinitions()
                .withName("imagebuilds.kiln.build")
                .require()
                .getSpec()
                .getVersions()
                .getFirst()
                .getSchema()
                .getOpenAPIV3Schema();
        List<String> objects = new ArrayList<>(List.of("imagebuild"));
        collectObjects("imagebuild.spec", property(schema, "spec"), objects);
        collectObjects("imagebuild.status", property(schema, "status"), objects);

        assertThat(objects).hasSizeGreaterThan(15).allSatisfy(path -> {
            String explanation = kubectl.output("explain", path);
            assertThat(explanation)
                    .contains("DESCRIPTION:")
                    .doesNotContain("<empty>", "<no description>", "no description");
        });
    }

    private static void collectObjects(String path, JSONSchemaProps schema, List<String> found) {
        JSONSchemaProps element =
                schema.getItems() == null ? schema : schema.getItems().getSchema();
        Map<String, JSONSchemaProps> properties = element.getProperties();
        if (properties != null && !properties.isEmpty()) {
            found.add(path);
            properties.forEach((name, property) -> collectObjects(path + "." + name, property, found));
        }
    }

    private static JSONSchemaProps property(JSONSchemaProps schema, String name) {
        return Objects.requireNonNull(schema.getProperties().get(name));
    }

    private String get(String... more) {
        List<String> arguments = new ArrayList<>(List.of("get", "imgb", "hello"));
        arguments.addAll(List.of(more));
        return Program.kubectl(access, namespace).output(arguments.toArray(String[]::new));
    }

    private String describe() {
        return Program.kubectl(access, namespace).output("describe", "imagebuild", "hello");
    }
}
