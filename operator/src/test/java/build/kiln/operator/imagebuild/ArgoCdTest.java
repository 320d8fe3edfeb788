package build.kiln.operator.imagebuild;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpecBuilder;
import build.kiln.operator.testing.GoldenFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Writes down what Argo CD's health check and actions have to make of real objects. Whether the scripts do, Argo CD's Lua engine
 * decides, in cluster/tools/argocd.
 */
class ArgoCdTest {
    private static final Path FOLDER = Path.of(
            System.getProperty("kiln.root", ".."), "docs/gitops/argo-cd/resource_customizations/kiln.build/ImageBuild");

    /** What the scripts say as long as no condition speaks of the current spec. */
    private static final String NOT_SEEN = "Waiting for Kiln to look at this version of the object";

    /** Stands for the time at which somebody asks for something. */
    private static final String TOKEN = "0001-01-01T00:00:00Z";

    static List<RecordedBuild> builds() {
        return RecordedBuild.all();
    }

    @ParameterizedTest
    @MethodSource("builds")
    void objectsAreReal(RecordedBuild build) {
        new GoldenFile(FOLDER.resolve(file(build))).assertEqual(RecordedBuild.yaml(build.object()));
    }

    @Test
    void thereAreNoOtherObjects() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER.resolve("testdata"))) {
            assertThat(files.map(file -> FOLDER.relativize(file).toString()))
                    .isSubsetOf(builds().stream().map(ArgoCdTest::file).toList());
        }
    }

    @Test
    void healthIsThatOfEveryState() {
        List<Map<String, Object>> tests =
                builds().stream().map(ArgoCdTest::test).toList();

        new GoldenFile(FOLDER.resolve("health_test.yaml")).assertEqual(RecordedBuild.yaml(Map.of("tests", tests)));
    }

    @Test
    void rebuildAndCancelAskByAnnotation() {
        output("rebuild").assertEqual(RecordedBuild.yaml(annotated("succeeded", ImageBuild.REBUILD_ANNOTATION)));
        output("cancel").assertEqual(RecordedBuild.yaml(annotated("building", ImageBuild.CANCEL_ANNOTATION)));
    }

    @Test
    void suspendAndResumeSetTheField() {
        output("suspend").assertEqual(RecordedBuild.yaml(suspended("succeeded", true)));
        output("resume").assertEqual(RecordedBuild.yaml(suspended("suspended", false)));
    }

    private static ImageBuild annotated(String state, String annotation) {
        ImageBuild build = object(state);
        build.getMetadata().setAnnotations(Map.of(annotation, TOKEN));
        return build;
    }

    private static ImageBuild suspended(String state, boolean suspend) {
        ImageBuild build = object(state);
        build.setSpec(
                ImageBuildSpecBuilder.builder(build.getSpec()).suspend(suspend).build());
        return build;
    }

    private static GoldenFile output(String action) {
        return new GoldenFile(FOLDER.resolve("actions/testdata/" + action + ".yaml"));
    }

    private static ImageBuild object(String state) {
        return builds().stream()
                .filter(build -> build.state().equals(state))
                .findFirst()
                .orElseThrow()
                .object();
    }

    private static Map<String, Object> test(RecordedBuild build) {
        Map<String, Object> health = new LinkedHashMap<>();
        health.put("status", build.health().name());
        health.put("message", build.message().isEmpty() ? NOT_SEEN : build.message());
        Map<String, Object> test = new LinkedHashMap<>();
        test.put("healthStatus", health);
        test.put("inputPath", file(build));
        return test;
    }

    private static String file(RecordedBuild build) {
        return "testdata/" + build.state() + ".yaml";
    }
}
