package build.kiln.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.operator.testing.ControlPlane;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
                    .isInstanceOf(KubernetesClientException.class)
                    .hasMessageContaining(sentence);
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

    private static Stream<Path> manifests(String folder) throws IOException {
        try (Stream<Path> files = Files.list(CORPUS.resolve(folder))) {
            return files.sorted().toList().stream();
        }
    }
}
