package build.kiln.registry;

import build.kiln.registry.auth.CredentialSource;
import build.kiln.registry.http.BlobContent;
import build.kiln.registry.http.RegistryClient;
import build.kiln.registry.http.RegistryException;
import build.kiln.registry.image.Descriptor;
import build.kiln.registry.image.Digest;
import build.kiln.registry.image.MalformedImageException;
import build.kiln.registry.image.Manifest;
import build.kiln.registry.image.MediaTypes;
import build.kiln.registry.image.Platform;
import build.kiln.registry.image.Repository;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Small images as a builder would push them. */
final class TestImages {
    private TestImages() {}

    /**
     * What one worker pushes.
     *
     * @param blobs content of configurations and layers
     * @param manifests manifests in the order in which they are pushed; the last one is the result
     */
    record Pushed(Platform platform, List<byte[]> blobs, List<Manifest> manifests) {
        Manifest result() {
            return manifests.getLast();
        }

        Manifest image() {
            return manifests.getFirst();
        }

        /** Does what a worker does: pushes by digest, and no tag. */
        void pushTo(RegistryClient client, Repository repository) throws RegistryException {
            for (byte[] blob : blobs) {
                client.putBlob(repository, blob(blob), BlobContent.of(blob));
            }
            for (Manifest manifest : manifests) {
                client.putManifest(repository.at(manifest.digest()), manifest);
            }
        }

        PushedImage reported() {
            return new PushedImage(
                    platform, Descriptor.of(result().mediaType(), result().digest(), result().size(), null));
        }
    }

    /** An image manifest with a configuration and two layers, one of which is the same on every platform. */
    static Pushed plain(String platform) {
        Platform parsed = Platform.parse(platform);
        byte[] config = bytes("{\"architecture\":\"" + parsed.architecture() + "\",\"os\":\"" + parsed.os()
                + "\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}");
        byte[] own = bytes("layer of " + platform);
        byte[] common = bytes("layer of every platform");
        String layer = "application/vnd.oci.image.layer.v1.tar+gzip";
        Manifest image = manifest(
                "{\n  \"schemaVersion\": 2,\n  \"mediaType\": \"" + MediaTypes.OCI_MANIFEST + "\",\n  \"config\": "
                        + descriptor("application/vnd.oci.image.config.v1+json", config) + ",\n  \"layers\": ["
                        + descriptor(layer, common) + ", " + descriptor(layer, own) + "]\n}",
                MediaTypes.OCI_MANIFEST);
        return new Pushed(parsed, List.of(config, common, own), List.of(image));
    }

    /** The same image in an index with an attestation, as BuildKit pushes it with provenance. */
    static Pushed attested(String platform) {
        Pushed plain = plain(platform);
        Manifest image = plain.image();
        byte[] empty = bytes("{}");
        byte[] statement = bytes("{\"_type\":\"https://in-toto.io/Statement/v0.1\",\"for\":\"" + platform + "\"}");
        Manifest attestation = manifest(
                "{\"schemaVersion\":2,\"mediaType\":\"" + MediaTypes.OCI_MANIFEST
                        + "\",\"artifactType\":\"application/vnd.docker.attestation.manifest.v1+json\",\"config\":"
                        + descriptor("application/vnd.oci.empty.v1+json", empty) + ",\"layers\":["
                        + descriptor("application/vnd.in-toto+json", statement) + "],\"subject\":"
                        + image.descriptor().json() + "}",
                MediaTypes.OCI_MANIFEST);
        Descriptor listed = Descriptor.of(MediaTypes.OCI_MANIFEST, image.digest(), image.size(), plain.platform());
        Manifest index = manifest(
                "{\"schemaVersion\":2,\"mediaType\":\"" + MediaTypes.OCI_INDEX + "\",\"manifests\":[" + listed.json()
                        + ",{\"mediaType\":\"" + MediaTypes.OCI_MANIFEST + "\",\"digest\":\"" + attestation.digest()
                        + "\",\"size\":" + attestation.size()
                        + ",\"annotations\":{\"vnd.docker.reference.digest\":\"" + image.digest()
                        + "\",\"vnd.docker.reference.type\":\"attestation-manifest\"},"
                        + "\"platform\":{\"architecture\":\"unknown\",\"os\":\"unknown\"}}]}",
                MediaTypes.OCI_INDEX);
        List<byte[]> blobs = new ArrayList<>(plain.blobs());
        blobs.add(empty);
        blobs.add(statement);
        return new Pushed(plain.platform(), blobs, List.of(image, attestation, index));
    }

    /** The publication of all of them as one image with a title. */
    static PublishRequest request(
            Repository repository,
            List<Repository> additional,
            List<String> tags,
            CredentialSource credentials,
            Duration timeout,
            Pushed... pushed) {
        return new PublishRequest(
                repository,
                additional,
                tags,
                Arrays.stream(pushed).map(Pushed::platform).toList(),
                Arrays.stream(pushed).map(Pushed::reported).toList(),
                Map.of("org.opencontainers.image.title", "shop"),
                credentials,
                timeout);
    }

    static Descriptor blob(byte[] content) {
        return Descriptor.of("application/octet-stream", Digest.sha256(content), content.length, null);
    }

    private static String descriptor(String mediaType, byte[] content) {
        return Descriptor.of(mediaType, Digest.sha256(content), content.length, null)
                .json();
    }

    private static Manifest manifest(String json, String mediaType) {
        try {
            return Manifest.of(bytes(json), mediaType, Digest.Algorithm.SHA256);
        } catch (MalformedImageException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
