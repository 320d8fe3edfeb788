package build.kiln.registry.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each folder under {@code assembly} is a case: {@code in.json} names the request and the files that were pushed,
 * {@code out.json} holds the bytes of the index, {@code out.txt} what else came of it. Run with
 * {@code -Dkiln.updateGolden=true} to write them anew.
 */
class IndexAssemblerTest {
    private static final Path CASES = Path.of("src/test/resources/assembly");
    private static final JsonMapper MAPPER = new JsonMapper();

    private record Case(List<Platform> platforms, List<PlatformResult> results, Map<String, String> annotations) {
        static Case read(Path folder) throws IOException, MalformedImageException {
            JsonNode in = MAPPER.readTree(Files.readAllBytes(folder.resolve("in.json")));
            List<Platform> platforms = new ArrayList<>();
            in.path("platforms").forEach(platform -> platforms.add(Platform.parse(platform.asText())));
            Map<String, String> annotations = new TreeMap<>();
            in.path("annotations")
                    .properties()
                    .forEach(a -> annotations.put(a.getKey(), a.getValue().asText()));
            List<PlatformResult> results = new ArrayList<>();
            for (JsonNode result : in.path("results")) {
                byte[] bytes =
                        Files.readAllBytes(folder.resolve(result.path("file").asText()));
                Manifest manifest = Manifest.of(bytes, result.path("mediaType").asText(), Digest.Algorithm.SHA256);
                JsonNode descriptor = result.path("descriptor");
                results.add(new PlatformResult(
                        Platform.parse(result.path("platform").asText()),
                        descriptor.isMissingNode() ? manifest.descriptor() : Descriptor.parse(descriptor.toString()),
                        manifest));
            }
            return new Case(platforms, results, annotations);
        }

        Assembly assemble() {
            return IndexAssembler.assemble(platforms, results, annotations);
        }
    }

    static List<Path> cases() throws IOException {
        try (Stream<Path> folders = Files.list(CASES)) {
            return folders.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void resultsBecomeTheExpectedImage(Path folder) throws IOException, MalformedImageException {
        Assembly assembly = Case.read(folder).assemble();

        switch (assembly) {
            case Assembly.Index index -> {
                assertGolden(
                        folder.resolve("out.json"), new String(index.manifest().bytes(), StandardCharsets.UTF_8));
                assertGolden(
                        folder.resolve("out.txt"),
                        index.manifest().mediaType() + "\n" + index.digest() + "\n" + index.platforms() + "\n");
            }
            case Assembly.PlainManifest plain ->
                assertGolden(folder.resolve("out.txt"), plain.image().json() + "\n" + plain.platforms() + "\n");
            case Assembly.Refused refused ->
                assertGolden(folder.resolve("out.txt"), refused.reason() + ": " + refused.message() + "\n");
        }
        assertThat(folder.getFileName().toString().startsWith("refused-"))
                .isEqualTo(assembly instanceof Assembly.Refused);
    }

    private static void assertGolden(Path file, String actual) throws IOException {
        if (Boolean.getBoolean("kiln.updateGolden")) {
            Files.writeString(file, actual);
        }
        assertThat(actual).isEqualTo(Files.readString(file));
    }

    @Test
    void theOrderOfResultsAndAnnotationsDoesNotMatter() throws IOException, MalformedImageException {
        Random random = new Random(7);
        for (Path folder : cases()) {
            Case given = Case.read(folder);
            Assembly expected = given.assemble();
            if (expected instanceof Assembly.Refused) {
                continue;
            }
            for (int i = 0; i < 20; i++) {
                List<PlatformResult> shuffled = new ArrayList<>(given.results());
                Collections.shuffle(shuffled, random);
                assertThat(new Case(given.platforms(), shuffled, Map.copyOf(given.annotations())).assemble())
                        .as("%s with results %s", folder, shuffled)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void everyChildIsRepeatedByteForByteAndImagesComeFirst() throws IOException, MalformedImageException {
        for (Path folder : cases()) {
            Case given = Case.read(folder);
            if (!(given.assemble() instanceof Assembly.Index index)) {
                continue;
            }
            String bytes = new String(index.manifest().bytes(), StandardCharsets.UTF_8);
            List<Descriptor> children = index.manifest().children();
            assertThat(children).isEqualTo(index.children());
            assertThat(children.stream().map(Descriptor::isAttestation)).isSorted();
            assertThat(children.stream().limit(given.platforms().size()).map(Descriptor::digest))
                    .containsExactlyElementsOf(index.platforms().values());
            for (PlatformResult result : given.results()) {
                if (result.manifest().isIndex()) {
                    result.manifest()
                            .children()
                            .forEach(child -> assertThat(bytes).contains(child.json()));
                }
            }
        }
    }
}
