package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.testing.ControlPlane;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.StatusCause;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the API server takes and refuses by the CustomResourceDefinition alone, manifest by manifest, one rule each. */
@ExtendWith(ControlPlane.class)
class ImageBuildValidationIT {
    private static final Path CORPUS =
            Path.of(System.getProperty("kiln.root", "..")).resolve("crds/src/test/resources/corpus");
    /** The field of what the API server adds when it leaves out rules across fields because others are broken. */
    private static final String NOT_CHECKED = "<nil>";

    private static final String REFUSED = "# refused: ";

    @ParameterizedTest
    @MethodSource("valid")
    void isTaken(Path manifest, ControlPlane.Access access) throws Exception {
        try (KubernetesClient client = access.client()) {
            assertThat(create(client, Files.readString(manifest))).isNotNull();
        }
    }

    @ParameterizedTest
    @MethodSource("invalid")
    void isRefusedWithASentence(Path manifest, ControlPlane.Access access) throws Exception {
        String text = Files.readString(manifest);
        assertThat(text).startsWith(REFUSED);
        String sentence = text.lines().findFirst().orElseThrow().substring(REFUSED.length());

        try (KubernetesClient client = access.client()) {
            assertThatThrownBy(() -> create(client, text))
                    .isInstanceOfSatisfying(
                            KubernetesClientException.class,
                            refused -> assertBreaksOnly(
                                    sentence, refused.getStatus().getDetails().getCauses()));
        }
    }

    @ParameterizedTest
    @MethodSource("rules")
    void ruleOfTheSchemaHolds(SchemaRule rule, ControlPlane.Access access) throws Exception {
        JsonNode good = valid().map(ImageBuildValidationIT::read)
                .filter(rule::isIn)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no manifest in corpus/valid has the field of " + rule));

        try (KubernetesClient client = access.client()) {
            assertThatThrownBy(() -> create(client, rule.breakIn(good).toString()))
                    .isInstanceOf(KubernetesClientException.class)
                    .hasMessageContainingAll(rule.field(), rule.complaint());
        }
    }

    @Test
    void fieldsOfANewerVersionAreLeftOut(ControlPlane.Access access) throws Exception {
        String manifest = Files.readString(CORPUS.resolve("valid/minimal-inline.yaml"));
        try (KubernetesClient client = access.client()) {
            GenericKubernetesResource created = create(client, manifest + "  novelty: {x: 1}\n");

            assertThat(created.<Object>get("spec", "source")).isNotNull();
            assertThat(created.<Object>get("spec", "novelty")).isNull();
        }
    }

    @Test
    void freshObjectHasTheDefaultsAndNeverLooksFinished(ControlPlane.Access access) throws Exception {
        try (KubernetesClient client = access.client()) {
            ImageBuild build = Serialization.unmarshal(
                    Files.readString(CORPUS.resolve("valid/minimal-inline.yaml")), ImageBuild.class);
            build.getMetadata().setName("fresh");

            ImageBuild created = client.resource(build).inNamespace("default").serverSideApply();
            client.resource(created).delete();

            assertThat(created.getSpec().platforms()).containsExactly("linux/amd64", "linux/arm64");
            assertThat(created.getSpec().timeoutSeconds()).isEqualTo(3600);
            assertThat(created.getStatus().observedGeneration()).isEqualTo(-1);
        }
    }

    /** A field may have two rules about the same, one of them at the object that it belongs to. */
    private static void assertBreaksOnly(String sentence, List<StatusCause> causes) {
        StatusCause expected = causes.stream()
                .filter(cause -> (cause.getField() + ": " + cause.getMessage()).contains(sentence))
                .findFirst()
                .orElseThrow(() -> new AssertionError("not \"" + sentence + "\": " + causes));
        assertThat(causes)
                .extracting(StatusCause::getField)
                .filteredOn(field -> !field.equals(NOT_CHECKED))
                .allMatch(field -> field.startsWith(expected.getField())
                        || expected.getField().startsWith(field));
    }

    private static GenericKubernetesResource create(KubernetesClient client, String manifest) {
        return client.resource(Serialization.unmarshal(manifest, GenericKubernetesResource.class))
                .inNamespace("default")
                .dryRun()
                .create();
    }

    static Stream<Path> valid() throws IOException {
        return manifests("valid");
    }

    static Stream<Path> invalid() throws IOException {
        return manifests("invalid");
    }

    static List<SchemaRule> rules() throws IOException {
        JsonNode definition = read(CORPUS.resolve("../../../../imagebuilds.kiln.build.yaml"));
        return SchemaRule.of("spec", definition.at("/spec/versions/0/schema/openAPIV3Schema/properties/spec"));
    }

    private static JsonNode read(Path yaml) {
        try {
            return new KubernetesSerialization().unmarshal(Files.readString(yaml), JsonNode.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<Path> manifests(String folder) throws IOException {
        try (Stream<Path> files = Files.list(CORPUS.resolve(folder))) {
            return files.sorted().toList().stream();
        }
    }
}
