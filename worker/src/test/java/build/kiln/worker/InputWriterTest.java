package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import build.kiln.protocol.BuildRequest.Registry;
import build.kiln.protocol.FailureReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InputWriterTest {
    @TempDir
    Path folder;

    private InputWriter writer;

    @BeforeEach
    void settings() {
        writer = new InputWriter(TestSettings.in(folder, folder.resolve("buildctl")));
    }

    @Test
    void inlineFilesAreWrittenWithTheSameTimeInEveryBuild() throws Exception {
        BuildInputs inputs = write(Requests.inline(Map.of("Dockerfile", "FROM scratch", "conf/ü.txt", "ö")));

        Path context = Objects.requireNonNull(inputs.contextFolder());
        assertThat(context.resolve("Dockerfile")).hasContent("FROM scratch");
        assertThat(context.resolve("conf/ü.txt")).hasContent("ö");
        assertThat(Files.getLastModifiedTime(context.resolve("Dockerfile"))).hasToString("1980-01-01T00:00:00Z");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "a/../../x", "/etc/passwd", "", ".", "a/", "a/..", "x\0y"})
    void inlineFileCannotBeAnywhereElse(String name) throws Exception {
        assertInvalid(Requests.inline(Map.of(name, "x")));

        try (Stream<Path> files = Files.walk(folder)) {
            assertThat(files.filter(Files::isRegularFile)).isEmpty();
        }
    }

    @Test
    void fileBelowAFileIsRefused() {
        assertThatThrownBy(() -> write(Requests.inline(Map.of("a", "x", "a/b", "y"))))
                .isInstanceOf(BuildFailedException.class)
                .hasMessageContaining("cannot have both");
    }

    @Test
    void inlineSourceIsBounded() {
        assertInvalid(Requests.inline(Map.of("big", "x".repeat(3 << 20))));
        assertInvalid(
                Requests.inline(IntStream.range(0, 1_001).boxed().collect(Collectors.toMap(i -> "f" + i, i -> ""))));
    }

    @Test
    void gitCredentialsBecomeAHeaderThatOnlyTheWorkerCanRead() throws Exception {
        Files.createDirectory(folder.resolve("git"));
        Files.writeString(folder.resolve("git/username"), "kiln");
        Files.writeString(folder.resolve("git/password"), "secret\n");

        Path header = Objects.requireNonNull(write(gitRequest()).gitHeader());

        assertThat(header).hasContent("Basic a2lsbjpzZWNyZXQ=");
        assertThat(Files.getPosixFilePermissions(header)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(Files.getPosixFilePermissions(header.getParent()))
                .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void tokenAloneIsEnough() throws Exception {
        Files.createDirectory(folder.resolve("git"));
        Files.writeString(folder.resolve("git/password"), "token");

        assertThat(Objects.requireNonNull(write(gitRequest()).gitHeader()))
                .hasContent("Basic eC1hY2Nlc3MtdG9rZW46dG9rZW4=");
    }

    @Test
    void publicRepositoryNeedsNoCredentials() throws Exception {
        assertThat(write(gitRequest()).gitHeader()).isNull();
    }

    @Test
    void missingSecretIsNamed() {
        Requests request = Requests.inline(Map.of()).more(Map.of(), Map.of(), null, List.of("npmrc"), List.of());

        assertThatThrownBy(() -> write(request)).hasMessageContaining("\"npmrc\" is not mounted");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../git/password", "", ".", "a/b"})
    void secretIdIsNotAPath(String id) throws IOException {
        Files.createDirectories(folder.resolve("secrets/a"));
        Files.createDirectory(folder.resolve("git"));
        Files.writeString(folder.resolve("git/password"), "x");
        Files.writeString(folder.resolve("secrets/a/b"), "x");

        assertInvalid(Requests.inline(Map.of()).more(Map.of(), Map.of(), null, List.of(id), List.of()));
    }

    @Test
    void certificatesAreWrittenPerRegistry() throws Exception {
        BuildInputs inputs = write(Requests.inline(Map.of())
                .more(
                        Map.of(),
                        Map.of(),
                        null,
                        List.of(),
                        List.of(new Registry("a", true, null), new Registry("b:5000", false, "PEM"))));

        assertThat(inputs.authorities()).singleElement().satisfies(authority -> {
            assertThat(authority.host()).isEqualTo("b:5000");
            assertThat(authority.file()).hasContent("PEM");
        });
    }

    private static Requests gitRequest() {
        return Requests.git("https://git.example.com/a.git", Requests.COMMIT, null);
    }

    private BuildInputs write(Requests requests) throws BuildFailedException, IOException {
        return writer.write(requests.request(), List.of());
    }

    private void assertInvalid(Requests requests) {
        assertThatThrownBy(() -> write(requests))
                .isInstanceOfSatisfying(
                        BuildFailedException.class,
                        e -> assertThat(e.diagnosis().reason()).isEqualTo(FailureReason.InvalidSpec));
    }
}
