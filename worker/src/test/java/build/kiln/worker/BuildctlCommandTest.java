package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.BuildRequest.Cache;
import build.kiln.protocol.BuildRequest.CacheMode;
import build.kiln.protocol.BuildRequest.Compression;
import build.kiln.protocol.BuildRequest.Output;
import build.kiln.protocol.BuildRequest.Provenance;
import build.kiln.protocol.BuildRequest.Registry;
import build.kiln.worker.BuildInputs.AuthorityFile;
import build.kiln.worker.BuildInputs.SecretFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BuildctlCommandTest {
    private static final WorkerSettings SETTINGS = WorkerSettings.from(Map.of());
    private static final String REPOSITORY = "registry.example.com/shop/api";

    @Test
    void smallestInlineBuild() throws Exception {
        BuildRequest request =
                Requests.inline(Map.of("Dockerfile", "FROM scratch")).request();

        assertRendered("inline", request, inputs(null, Path.of("/w/context"), null, null));
    }

    @Test
    void cacheIsCompressedAsAskedFor() throws Exception {
        Cache cache = new Cache(List.of(), REPOSITORY + ":cache", CacheMode.Min, new Compression("zstd", 6), 300);
        List<String> arguments = exported(cache, Variant.FIRST);

        assertThat(arguments)
                .contains("type=registry,ref=" + REPOSITORY + ":cache,mode=min,image-manifest=true,oci-mediatypes=true,"
                        + "compression=zstd,force-compression=true,compression-level=6");
    }

    @Test
    void cacheIsWrittenByACommandOfItsOwn() throws Exception {
        Cache cache = new Cache(List.of(REPOSITORY + ":cache"), REPOSITORY + ":cache", CacheMode.Max, null, 300);

        assertThat(rendered(cache)).contains("--import-cache", "--output").doesNotContain("--export-cache");
        assertThat(exported(cache, Variant.FIRST))
                .contains("--import-cache", "--export-cache")
                .doesNotContain("--output", "--metadata-file");
    }

    @Test
    void cacheThatCannotBeUsedIsNeitherReadNorKept() throws Exception {
        Cache cache = new Cache(List.of(REPOSITORY + ":cache"), REPOSITORY + ":cache", CacheMode.Max, null, 300);

        assertThat(exported(cache, new Variant(GitContext.Form.COMMIT_ONLY, false)))
                .contains("--export-cache")
                .doesNotContain("--import-cache");
    }

    @Test
    void smallestGitBuild() throws Exception {
        BuildRequest request = Requests.git("https://git.example.com/shop/api", Requests.COMMIT, null)
                .request();

        assertRendered("git", request, inputs(git(request), null, null, null));
    }

    @Test
    void everythingAtOnce() throws Exception {
        BuildRequest request = Requests.git(
                        "https://git.example.com:8443/shop/api.git", Requests.COMMIT, "services/a b")
                .dockerfile("docker/Dockerfile.prod", null)
                .target("runtime")
                .output(new Output(
                        REPOSITORY,
                        Map.of("org.opencontainers.image.description", "a, \"quoted\"\ntext", "org.example.b", ""),
                        Provenance.Max,
                        "Commit"))
                .more(
                        Map.of("VERSION", "1.4.2", "EMPTY", "", "A", "x=y,z"),
                        Map.of("org.opencontainers.image.title", "Shop, the API"),
                        new Cache(
                                List.of(REPOSITORY + ":cache-main", "cache.example.com:5000/x:y"),
                                "cache.example.com:5000/x:y",
                                CacheMode.Max,
                                null,
                                300),
                        List.of("npmrc"),
                        List.of(
                                new Registry("cache.example.com:5000", true, null),
                                new Registry("registry.example.com", false, "PEM")))
                .request();
        BuildInputs inputs = new BuildInputs(
                git(request),
                null,
                null,
                Path.of("/w/git-header"),
                List.of(new SecretFile("npmrc", Path.of("/run/kiln/secrets/npmrc"))),
                List.of(new AuthorityFile("registry.example.com", Path.of("/w/ca-0.pem"))),
                Path.of("/w/docker"),
                new RegistryCredentials(Map.of()),
                Path.of("/w/metadata.json"),
                List.of());

        assertRendered("everything", request, inputs);
    }

    @Test
    void inlineDockerfileGoesBeforeTheOneOfTheRepository() throws Exception {
        BuildRequest request = Requests.git("https://git.example.com/shop/api.git", Requests.COMMIT, null)
                .dockerfile("ignored/Dockerfile", "FROM scratch")
                .request();

        assertRendered("git-inline-dockerfile", request, inputs(git(request), null, Path.of("/w/dockerfile"), null));
    }

    @Test
    void inlineDockerfileForInlineSource() throws Exception {
        BuildRequest request = Requests.inline(Map.of("app.conf", "x"))
                .dockerfile("Dockerfile", "FROM scratch")
                .output(new Output("localhost:5000/a", Map.of(), Provenance.Min, "1700000000"))
                .more(Map.of(), Map.of(), null, List.of(), List.of(new Registry("localhost:5000", true, null)))
                .request();

        assertRendered(
                "inline-dockerfile", request, inputs(null, Path.of("/w/context"), Path.of("/w/dockerfile"), null));
    }

    @Test
    void filesGivenLiterallyHaveNoCommitTime() throws Exception {
        BuildRequest request = Requests.inline(Map.of())
                .output(new Output(REPOSITORY, Map.of(), Provenance.Disabled, "Commit"))
                .request();

        assertThat(render(request, inputs(null, Path.of("/w/context"), null, null), Variant.FIRST))
                .contains("build-arg:SOURCE_DATE_EPOCH=0");
    }

    @Test
    void commitTimeOfAPrivateRepositoryNeedsItsOwnDockerfile() {
        BuildRequest request = Requests.git("https://git.example.com/a.git", Requests.COMMIT, null)
                .dockerfile("Dockerfile", "FROM scratch")
                .output(new Output(REPOSITORY, Map.of(), Provenance.Disabled, "Commit"))
                .request();

        assertThatThrownBy(() -> render(
                        request,
                        inputs(git(request), null, Path.of("/w/dockerfile"), Path.of("/w/git-header")),
                        Variant.FIRST))
                .hasMessageContaining("sourceDateEpoch");
    }

    @ParameterizedTest
    @CsvSource({
        "COMMIT_ONLY, https://git.example.com/a.git?fetch-by-commit=true#" + Requests.COMMIT + ":x/y%20z%26",
        "WITH_HISTORY, https://git.example.com/a.git#" + Requests.COMMIT + ":x/y%20z%26"
    })
    void bothFormsNameTheCommitInTheFragment(GitContext.Form form, String expected) throws Exception {
        BuildRequest request = Requests.git("https://git.example.com/a/", Requests.COMMIT, "/x/./y z&/")
                .request();

        assertThat(render(request, inputs(git(request), null, null, null), new Variant(form, true)))
                .contains("context=" + expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ssh://git@example.com/a.git",
                "git@example.com:a.git",
                "file:///etc",
                "https://user:password@example.com/a.git",
                "https://example.com/a.git?commit=x",
                "https://example.com/a.git#main",
                "https:///a.git",
                "not a url"
            })
    void otherAddressesAreRefusedWithoutRepeatingAPassword(String url) {
        BuildRequest request = Requests.git(url, Requests.COMMIT, null).request();

        assertThatThrownBy(() -> git(request))
                .isInstanceOf(BuildFailedException.class)
                .hasMessageNotContaining("password@");
    }

    @ParameterizedTest
    @ValueSource(strings = {"main", "", "01c6c76e", "01C6C76E2E8FA98054C5CA04C4F9D8D278ABE053"})
    void onlyAFullCommitIdIsAccepted(String commit) {
        BuildRequest request =
                Requests.git("https://git.example.com/a.git", commit, null).request();

        assertThatThrownBy(() -> git(request)).hasMessageContaining("not a full commit id");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../a", "a/../../b", ".."})
    void pathsOutOfTheSourceAreRefused(String path) {
        BuildRequest request = Requests.inline(Map.of()).dockerfile(path, null).request();

        assertThatThrownBy(() -> render(request, inputs(null, Path.of("/w/context"), null, null), Variant.FIRST))
                .hasMessageContaining("leads out of the source");
    }

    @Test
    void annotationThatTheClientWouldRenameIsRefused() {
        BuildRequest request = Requests.inline(Map.of())
                .output(new Output(REPOSITORY, Map.of("com.example.BuildId", "1"), Provenance.Disabled, null))
                .request();

        assertThatThrownBy(() -> render(request, inputs(null, Path.of("/w/context"), null, null), Variant.FIRST))
                .hasMessageContaining("com.example.BuildId")
                .hasMessageContaining("lower case");
    }

    private static void assertRendered(String name, BuildRequest request, BuildInputs inputs) throws Exception {
        List<String> arguments = render(request, inputs, Variant.FIRST);
        Golden.assertMatches("arguments/" + name + ".txt", String.join("\n", arguments) + "\n");
    }

    private static List<String> rendered(Cache cache) throws BuildFailedException {
        BuildRequest request = Requests.inline(Map.of())
                .more(Map.of(), Map.of(), cache, List.of(), List.of())
                .request();
        return render(request, inputs(null, Path.of("/w/context"), null, null), Variant.FIRST);
    }

    private static List<String> exported(Cache cache, Variant variant) throws BuildFailedException {
        BuildRequest request = Requests.inline(Map.of())
                .more(Map.of(), Map.of(), cache, List.of(), List.of())
                .request();
        return BuildctlCommand.exportCache(
                SETTINGS,
                request,
                inputs(null, Path.of("/w/context"), null, null),
                variant,
                BuildctlCommand.registryExport(request, cache, Objects.requireNonNull(cache.export())));
    }

    private static List<String> render(BuildRequest request, BuildInputs inputs, Variant variant)
            throws BuildFailedException {
        return BuildctlCommand.push(SETTINGS, request, inputs, variant);
    }

    private static GitContext git(BuildRequest request) throws BuildFailedException {
        return GitContext.of(Objects.requireNonNull(request.source().git()));
    }

    private static BuildInputs inputs(
            @Nullable GitContext git, @Nullable Path context, @Nullable Path dockerfile, @Nullable Path gitHeader) {
        return new BuildInputs(
                git,
                context,
                dockerfile,
                gitHeader,
                List.of(),
                List.of(),
                Path.of("/w/docker"),
                new RegistryCredentials(Map.of()),
                Path.of("/w/metadata.json"),
                List.of());
    }
}
