package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.protocol.CacheBackend.Azblob;
import build.kiln.protocol.CacheBackend.Gha;
import build.kiln.worker.RelayedStore.Access;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the relay lets through to stores that the tests have no server of. */
class RelayedStoresTest {
    private static final String OWN = "r.example.com/a:buildcache-pr-linux-arm64";
    private static final String MAIN = "r.example.com/a:buildcache-main-linux-arm64";
    private static final String BLOB = "blobs/sha256:" + "0".repeat(64);
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
    private static final byte[] KEY = "the account's key".getBytes(StandardCharsets.UTF_8);
    private static final String SERVICE = "/twirp/github.actions.results.api.v1.CacheService/";

    private final AzureStore azure = azure(true);
    private final GithubStore github = new GithubStore(
            new Gha(0, List.of(OWN, MAIN), true, "https://results.example.com/"),
            "header.claims.real",
            "header.claims.relay");

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "GET, /c, restype=container, StoreRead",
                "PUT, /c, restype=container, Write",
                "DELETE, /c, restype=container, Denied",
                "GET, /c, restype=container&comp=list, Denied",
                "HEAD, /c/kiln/manifests/OWN, -, ManifestRead",
                "GET, /c/kiln/manifests/MAIN, -, ManifestRead",
                "GET, /c/kiln/manifests/other, -, Denied",
                "GET, /c/kiln/BLOB, -, BlobRead",
                "HEAD, /c/kiln/BLOB, -, Write",
                "PUT, /c/kiln/BLOB, comp=block&blockid=x, Write",
                "PUT, /c/kiln/BLOB, comp=blocklist, Write",
                "PUT, /c/kiln/manifests/OWN, -, Write",
                "PUT, /c/kiln/manifests/OWN, comp=metadata, Denied",
                "PUT, /c/kiln/manifests/MAIN, -, Denied",
                "DELETE, /c/kiln/manifests/OWN, -, Denied",
                "GET, /other/kiln/BLOB, -, Denied"
            })
    void ofAContainerOnlyTheBuildsOwnCacheIsInReach(String method, String path, @Nullable String query, String access) {
        String full = path.replace("OWN", OWN).replace("MAIN", MAIN).replace("BLOB", BLOB);

        assertThat(azure.access(request(method, full, query, Map.of(), ""))
                        .getClass()
                        .getSimpleName())
                .isEqualTo(access);
    }

    @Test
    void containerThatIsOnlyReadIsNeitherWrittenNorCreated() {
        AzureStore readOnly = azure(false);

        assertThat(readOnly.access(request("PUT", "/c", "restype=container", Map.of(), "")))
                .isInstanceOf(Access.Denied.class);
        assertThat(readOnly.access(request("PUT", "/c/kiln/" + BLOB, null, Map.of(), "")))
                .isInstanceOf(Access.Denied.class);
    }

    /** The text that is signed is that of Microsoft's documentation, "Authorize with Shared Key". */
    @Test
    void requestToAzureIsSignedWithTheAccountsKey() throws Exception {
        Map<String, String> headers =
                Map.of("x-ms-version", "2025-01-05", "content-type", "text/plain", "if-none-match", "*");
        RelayedStore.Outgoing outgoing = azure.outgoing(
                request(
                        "PUT",
                        "/c/kiln%2Fblobs",
                        "comp=block&blockid=a%3D%3D",
                        Map.of("content-length", "11", "authorization", "SharedKey relay:x"),
                        ""),
                headers,
                NOW);

        List<String> signed = List.of(
                "PUT",
                "",
                "",
                "11",
                "",
                "text/plain",
                "",
                "",
                "",
                "*",
                "",
                "",
                "x-ms-date:Fri, 02 Jan 2026 03:04:05 GMT",
                "x-ms-version:2025-01-05",
                "/shop/c/kiln%2Fblobs",
                "blockid:a==",
                "comp:block");
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(KEY, "HmacSHA256"));
        assertThat(outgoing.address())
                .hasToString("https://shop.blob.core.windows.net/c/kiln%2Fblobs?comp=block&blockid=a%3D%3D");
        assertThat(outgoing.headers())
                .containsEntry(
                        "authorization",
                        "SharedKey shop:"
                                + Base64.getEncoder()
                                        .encodeToString(mac.doFinal(
                                                String.join("\n", signed).getBytes(StandardCharsets.UTF_8))));
    }

    @ParameterizedTest
    @CsvSource({
        "GetCacheEntryDownloadURL, index-OWN-1-12345678, ManifestRead",
        "GetCacheEntryDownloadURL, index-MAIN-1-12345678#3, ManifestRead",
        "GetCacheEntryDownloadURL, index-other-1-12345678, Denied",
        "GetCacheEntryDownloadURL, buildkit-blob-1-sha256:0, Write",
        "CreateCacheEntry, index-OWN-1-12345678#3, Write",
        "CreateCacheEntry, index-MAIN-1-12345678#3, Denied",
        "FinalizeCacheEntryUpload, buildkit-blob-1-sha256:0, Write",
        "DeleteCacheEntry, index-OWN-1-12345678, Denied"
    })
    void ofTheCacheOfActionsOnlyTheBuildsOwnEntriesAreInReach(String call, String key, String access) {
        String body = "{\"key\":\"" + key.replace("OWN", OWN).replace("MAIN", MAIN) + "\"}";

        assertThat(github.access(request("POST", SERVICE + call, null, Map.of(), body))
                        .getClass()
                        .getSimpleName())
                .isEqualTo(access);
    }

    @Test
    void tokenOfAJobIsAddedToWhatTheDaemonAsks() {
        RelayedRequest request = request(
                "POST",
                SERVICE + "CreateCacheEntry",
                null,
                Map.of("authorization", "Bearer header.claims.relay"),
                "{}");

        assertThat(github.isAuthentic(request)).isTrue();
        RelayedStore.Outgoing outgoing = github.outgoing(request, Map.of("content-type", "application/json"), NOW);
        assertThat(outgoing.address()).hasToString("https://results.example.com" + SERVICE + "CreateCacheEntry");
        assertThat(outgoing.headers()).containsEntry("authorization", "Bearer header.claims.real");
        assertThat(GithubStore.relayToken("header.claims.real", "relay")).isEqualTo("header.claims.relay");
    }

    @Test
    void entryThatIsNotThereIsAMissingCache() {
        Access read = new Access.ManifestRead(OWN);

        assertThat(github.status(read, 200, "{\"ok\":false}")).isEqualTo(404);
        assertThat(github.status(read, 200, "{\"ok\":true,\"signed_download_url\":\"x\"}"))
                .isEqualTo(200);
    }

    private static AzureStore azure(boolean export) {
        return new AzureStore(
                new Azblob(0, List.of(OWN, MAIN), export, "https://shop.blob.core.windows.net", "shop", "c", "kiln"),
                new AzureSignature("shop", Base64.getEncoder().encodeToString(KEY)),
                "relay");
    }

    private static RelayedRequest request(
            String method, String path, @Nullable String query, Map<String, String> headers, String body) {
        return new RelayedRequest(method, path, path, query, headers, body);
    }
}
