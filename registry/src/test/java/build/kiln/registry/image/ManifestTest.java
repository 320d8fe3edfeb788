package build.kiln.registry.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ManifestTest {
    private static final String A = "sha256:" + "a".repeat(64);
    private static final String B = "sha256:" + "b".repeat(64);

    private static Manifest read(String json, String contentType) throws MalformedImageException {
        return Manifest.of(json.getBytes(StandardCharsets.UTF_8), contentType, Digest.Algorithm.SHA256);
    }

    @Test
    void theMediaTypeOfTheBodyAndOfTheAnswerMustAgree() throws MalformedImageException {
        String index = "{\"mediaType\":\"" + MediaTypes.OCI_INDEX + "\",\"manifests\":[]}";

        assertThat(read(index, "").mediaType()).isEqualTo(MediaTypes.OCI_INDEX);
        assertThat(read("{}", MediaTypes.OCI_MANIFEST).mediaType()).isEqualTo(MediaTypes.OCI_MANIFEST);
        assertThatThrownBy(() -> read(index, MediaTypes.OCI_MANIFEST)).hasMessageContaining("but says it is");
        assertThatThrownBy(() -> read("{}", "text/html")).hasMessageContaining("which is no image");
        assertThatThrownBy(() -> read("<html>", MediaTypes.OCI_MANIFEST)).hasMessageContaining("not JSON");
    }

    @Test
    void blobsAreConfigurationAndLayersOnceWithoutThoseKeptElsewhere() throws MalformedImageException {
        String layer = "application/vnd.oci.image.layer.v1.tar+gzip";
        String foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
        Manifest manifest = read(
                "{\"config\":{\"mediaType\":\"c\",\"digest\":\"" + A + "\",\"size\":1},\"layers\":["
                        + "{\"mediaType\":\"" + layer + "\",\"digest\":\"" + B + "\",\"size\":2},"
                        + "{\"mediaType\":\"" + layer + "\",\"digest\":\"" + B + "\",\"size\":2},"
                        + "{\"mediaType\":\"" + foreign + "\",\"digest\":\"sha256:" + "c".repeat(64)
                        + "\",\"size\":3,\"urls\":[\"https://example.com/x\"]}]}",
                MediaTypes.OCI_MANIFEST);

        assertThat(manifest.blobs().stream().map(blob -> blob.digest().toString()))
                .isEqualTo(List.of(A, B));
    }

    @Test
    void descriptorsWithAWrongPartAreRefused() {
        for (String json : List.of(
                "{}",
                "{\"mediaType\":\"m\",\"digest\":\"" + A + "\"}",
                "{\"mediaType\":\"m\",\"digest\":\"" + A + "\",\"size\":-1}",
                "{\"mediaType\":\"m\",\"digest\":\"" + A + "\",\"size\":1.5}",
                "{\"mediaType\":\"m\",\"digest\":\"" + A + "\",\"size\":99999999999999999999}",
                "{\"mediaType\":\"m\",\"digest\":\"sha256:x\",\"size\":1}",
                "{\"mediaType\":1,\"digest\":\"" + A + "\",\"size\":1}",
                "{\"mediaType\":\"m\",\"digest\":\"" + A + "\",\"size\":1,\"annotations\":{\"a\":1}}",
                "{\"mediaType\":\"m\",\"digest\":\"" + A + "\",\"size\":1,\"size\":2}")) {
            assertThatThrownBy(() -> Descriptor.parse(json)).as(json).isInstanceOf(MalformedImageException.class);
        }
    }

    @Test
    void bytesStayTheCallersOwn() throws MalformedImageException {
        Manifest manifest = read("{}", MediaTypes.OCI_MANIFEST);

        manifest.bytes()[0] = 'x';

        assertThat(manifest.digest().matches(manifest.bytes())).isTrue();
    }
}
