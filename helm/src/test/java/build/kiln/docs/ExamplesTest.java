package build.kiln.docs;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.SourceTree;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExamplesTest {
    static List<Path> imageBuilds() throws IOException {
        try (Stream<Path> files = Files.walk(SourceTree.ROOT.resolve("examples"))) {
            return files.filter(file -> file.endsWith("imagebuild.yaml"))
                    .sorted()
                    .toList();
        }
    }

    static List<String> documents() {
        return Markdown.files();
    }

    @ParameterizedTest
    @MethodSource("imageBuilds")
    void exampleIsOneValidImageBuild(Path file) throws IOException {
        List<JsonNode> objects = SourceTree.objects(Files.readString(file));

        assertThat(objects).singleElement().satisfies(ExamplesTest::isValid);
    }

    @ParameterizedTest
    @MethodSource("documents")
    void imageBuildsInDocumentsAreValid(String document) {
        List<JsonNode> imageBuilds = Markdown.blocks("yaml", SourceTree.text(document)).stream()
                .flatMap(block -> SourceTree.objects(block).stream())
                .filter(object -> object.path("kind").asText().equals("ImageBuild"))
                .toList();

        assertThat(imageBuilds).allSatisfy(ExamplesTest::isValid);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{source: {git: {url: 'https://git.example.com/a.git'}}}",
                "{source: {git: {url: 'git@git.example.com:a.git'}}, output: {image: a}}",
                "{source: {git: {url: 'https://git.example.com/a.git', branch: main}}, output: {image: a}}",
                "{source: {inline: {files: {Dockerfile: FROM a}}}, output: {image: a}, worker: {profile: Root}}"
            })
    void mistakesWouldBeSeen(String spec) {
        assertThat(Definition.problems(SourceTree.yaml("spec: " + spec))).isNotEmpty();
    }

    @Test
    void everySecretThatTheExampleNamesLiesBesideIt() {
        JsonNode spec = SourceTree.yaml(SourceTree.text("examples/private-registry/imagebuild.yaml"))
                .path("spec");
        Set<String> named = new TreeSet<>();
        named.add(spec.at("/source/git/secretRef/name").asText() + " username");
        named.add(spec.at("/registryCredentials/0/name").asText() + " .dockerconfigjson");
        spec.path("secrets")
                .forEach(secret -> named.add(secret.at("/secretKeyRef/name").asText() + " "
                        + secret.at("/secretKeyRef/key").asText()));

        List<String> keys = new ArrayList<>();
        SourceTree.objects(SourceTree.text("examples/private-registry/secrets.yaml"))
                .forEach(secret -> secret.path("stringData")
                        .properties()
                        .forEach(entry -> keys.add(secret.at("/metadata/name").asText() + " " + entry.getKey())));

        assertThat(keys).containsAll(named);
    }

    private static void isValid(JsonNode imageBuild) {
        assertThat(imageBuild.path("apiVersion").asText()).isEqualTo("kiln.build/v1alpha1");
        assertThat(imageBuild.path("kind").asText()).isEqualTo("ImageBuild");
        assertThat(imageBuild
                        .at("/metadata/name")
                        .asText(imageBuild.at("/metadata/generateName").asText()))
                .matches("[a-z0-9-]+");
        assertThat(Definition.problems(imageBuild)).isEmpty();
    }
}
