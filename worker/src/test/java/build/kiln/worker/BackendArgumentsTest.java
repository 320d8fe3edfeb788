package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.protocol.BuildRequest.CacheMode;
import build.kiln.protocol.CacheBackend.Azblob;
import build.kiln.protocol.CacheBackend.Gha;
import build.kiln.protocol.CacheBackend.Inline;
import build.kiln.protocol.CacheBackend.Local;
import build.kiln.protocol.CacheBackend.S3;
import java.util.List;
import java.util.Map;
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

    @Test
    void azblob() throws Exception {
        Azblob azblob = new Azblob(
                0, List.of(OWN, MAIN), true, "https://shop.blob.core.windows.net", "shop", "build-cache", "kiln");

        assertGolden(
                "azblob",
                BackendArguments.azblob(azblob, CacheMode.Min, "http://127.0.0.1:4711", "RELAY-ACCOUNT", "UkVMQVk="));
    }

    @Test
    void gha() throws Exception {
        Gha gha = new Gha(0, List.of(OWN, MAIN), true, "https://results-receiver.actions.githubusercontent.com/");

        assertGolden("gha", BackendArguments.gha(gha, CacheMode.Max, "http://127.0.0.1:4711", "HEADER.CLAIMS.RELAY"));
    }

    @Test
    void local() throws Exception {
        Local local = new Local(0, List.of("buildcache-feature-linux-arm64", "buildcache-main-linux-arm64"), true);

        assertGolden(
                "local",
                BackendArguments.local(
                        local, CacheMode.Max, "/var/lib/kiln/cache", List.of("buildcache-main-linux-arm64")));
    }

    @Test
    void inline() throws Exception {
        Inline inline = new Inline(0, List.of("registry.example.com/shop/api:latest"), true);

        assertGolden(
                "inline",
                BackendArguments.inline(
                        inline,
                        reference -> BuildctlCommand.registryImport(
                                Requests.inline(Map.of()).request(), reference)));
    }

    @Test
    void placeThatIsOnlyReadIsNotWritten() {
        Gha gha = new Gha(0, List.of(OWN), false, "https://results-receiver.actions.githubusercontent.com/");

        assertThat(BackendArguments.gha(gha, CacheMode.Max, "http://127.0.0.1:4711", "TOKEN")
                        .export())
                .isNull();
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
