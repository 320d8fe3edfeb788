package build.kiln.worker;

import build.kiln.protocol.BuildRequest.CacheMode;
import build.kiln.protocol.CacheBackend.S3;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BackendArgumentsTest {
    private static final String OWN = "registry.example.com/shop/api:buildcache-feature-linux-arm64";
    private static final String MAIN = "registry.example.com/shop/api:buildcache-main-linux-arm64";

    @Test
    void s3() throws Exception {
        S3 s3 = new S3(0, List.of(OWN, MAIN), true, "build-cache", "eu-central-1", null, "kiln/", false);

        assertGolden(
                "s3", BackendArguments.s3(s3, CacheMode.Max, "http://127.0.0.1:4711", "RELAY-KEY", "RELAY-SECRET"));
    }

    private static void assertGolden(String name, BackendArguments arguments) throws Exception {
        String export = arguments.export();
        List<String> lines = Stream.concat(
                        arguments.imports().stream().map(value -> "--import-cache " + value),
                        export == null ? Stream.of() : Stream.of("--export-cache " + export))
                .toList();
        Golden.assertMatches("arguments/cache-" + name + ".txt", String.join("\n", lines) + "\n");
    }
}
