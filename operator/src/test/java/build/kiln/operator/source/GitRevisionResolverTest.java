package build.kiln.operator.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.Source;
import build.kiln.operator.credentials.BuildCredentials.GitCredentials;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GitRevisionResolverTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final GitRevisionResolver resolver = new GitRevisionResolver(TIMEOUT);

    private Path folder;
    private GitServer server;
    private String first;
    private String second;

    @BeforeAll
    void serve(@TempDir Path root) throws Exception {
        folder = root;
        Repository repository = new Repository(folder.resolve("api.git"));
        first = repository.commit("main");
        repository.git("update-ref", "refs/heads/release/1.x", first);
        repository.git("update-ref", "refs/pull/7/head", first);
        repository.git("tag", "light", first);
        repository.git("tag", "-a", "-m", "one", "v1.0", first);
        repository.git("tag", "both", first);
        second = repository.commit("main");
        repository.git("update-ref", "refs/heads/both", second);
        new Repository(folder.resolve("empty.git"));
        Repository hidden = new Repository(folder.resolve("private/api.git"));
        hidden.commit("main");
        server = new GitServer(folder);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void withoutRevisionItIsTheDefaultBranch() {
        assertResolved(resolve(null), second);
        assertResolved(resolve("HEAD"), second);
    }

    @Test
    void aBranchATagAndAFullReferenceAreFound() {
        assertResolved(resolve("main"), second);
        assertResolved(resolve("release/1.x"), first);
        assertResolved(resolve("light"), first);
        assertResolved(resolve("refs/heads/main"), second);
        assertResolved(resolve("refs/pull/7/head"), first);
        assertResolved(resolve("pull/7/head"), first);
    }

    @Test
    void anAnnotatedTagIsTheCommitBehindIt() {
        assertResolved(resolve("v1.0"), first);
        assertResolved(resolve("refs/tags/v1.0"), first);
    }

    @Test
    void aBranchGoesBeforeATagOfTheSameName() {
        assertResolved(resolve("both"), second);
        assertResolved(resolve("refs/tags/both"), first);
    }

    @Test
    void aFullCommitIdIsTakenWithoutAskingTheServer() {
        Source.Git source = new Source.Git(
                "http://127.0.0.1:1/none.git", first.toUpperCase(java.util.Locale.ROOT), null, null, null);

        assertResolved(resolver.resolve(source, null), first);
    }

    @Test
    void theServerIsAskedForVersionTwoOfTheProtocol() {
        resolve("main");

        assertThat(server.protocols()).contains("version=2");
    }

    @Test
    void aMissingRevisionComesWithTheNamesNearIt() {
        assertUnresolved(
                resolve("mian"), FailureReason.SourceNotFound, false, "\"mian\" does not exist", "near it are main");
        assertUnresolved(resolve("v1.1"), FailureReason.SourceNotFound, false, "near it are v1.0");
        assertUnresolved(
                resolve(first.substring(0, 8)), FailureReason.SourceNotFound, false, "full id of 40 characters");
    }

    @Test
    void anEmptyRepositoryIsNamedAsSuch() {
        assertUnresolved(
                resolver.resolve(source("empty.git", null), null), FailureReason.SourceNotFound, false, "it is empty");
    }

    @Test
    void anAddressWithoutRepositoryIsNamed() {
        assertUnresolved(
                resolver.resolve(source("none.git", "main"), null),
                FailureReason.SourceNotFound,
                false,
                "HTTP 404",
                "spec.source.git.url");
    }

    @Test
    void aServerThatIsNotThereIsWorthAnotherTry() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        Source.Git source = new Source.Git("http://127.0.0.1:" + port + "/api.git", "main", null, null, null);

        assertUnresolved(
                resolver.resolve(source, null), FailureReason.SourceNotFound, true, "cannot be reached", "refused");
    }

    @Test
    void anUnknownHostIsNamed() {
        Source.Git source = new Source.Git("http://git.kiln.invalid/api.git", "main", null, null, null);

        assertUnresolved(resolver.resolve(source, null), FailureReason.SourceNotFound, true, "host name is unknown");
    }

    @Test
    void aPrivateRepositoryAsksForASecret() {
        assertUnresolved(
                resolver.resolve(source("private/api.git", "main"), null),
                FailureReason.SourceAuthFailed,
                false,
                "HTTP 401",
                "set spec.source.git.secretRef");
    }

    @Test
    void aWrongPasswordNamesTheSecret() {
        assertUnresolved(
                resolver.resolve(source("private/api.git", "main"), new GitCredentials("git", "user", "wrong")),
                FailureReason.SourceAuthFailed,
                false,
                "Secret git");
    }

    @Test
    void theRightPasswordOpensAPrivateRepository() {
        assertThat(resolver.resolve(source("private/api.git", "main"), new GitCredentials("git", "user", "hunter2")))
                .isInstanceOf(Resolution.Resolved.class);
    }

    @Test
    void anotherServerNeverGetsTheCredentials() throws Exception {
        try (GitServer elsewhere = new GitServer(folder)) {
            server.answer("moved.git", exchange -> {
                exchange.getResponseHeaders()
                        .set("Location", elsewhere.url("private/api.git/info/refs?service=git-upload-pack"));
                exchange.sendResponseHeaders(302, -1);
                exchange.close();
            });

            Resolution resolution =
                    resolver.resolve(source("moved.git", "main"), new GitCredentials("git", "user", "hunter2"));

            assertUnresolved(resolution, FailureReason.SourceAuthFailed, false, "HTTP 401");
            assertThat(elsewhere.authorizations()).isEmpty();
        }
    }

    @Test
    void aRedirectIsFollowedABoundedNumberOfTimes() {
        server.answer("loop.git", exchange -> {
            exchange.getResponseHeaders().set("Location", server.url("loop.git/info/refs?service=git-upload-pack"));
            exchange.sendResponseHeaders(302, -1);
            exchange.close();
        });

        assertThat(resolver.resolve(source("loop.git", "main"), null)).isInstanceOf(Resolution.Unresolved.class);
    }

    @Test
    void aServerErrorIsWorthAnotherTry() {
        server.answer("broken.git", exchange -> {
            exchange.sendResponseHeaders(503, -1);
            exchange.close();
        });

        assertUnresolved(
                resolver.resolve(source("broken.git", "main"), null), FailureReason.SourceNotFound, true, "HTTP 503");
    }

    @Test
    void aWebPageIsNotAGitServer() {
        server.answer("page.git", exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "text/html");
            byte[] body = "<html>\u001b[2J</html>".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });

        assertUnresolved(
                resolver.resolve(source("page.git", "main"), null),
                FailureReason.SourceNotFound,
                false,
                "not that of a git server");
    }

    @Test
    void anEndlessAnswerIsCutOff() {
        server.answer("endless.git", exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "application/x-git-upload-pack-advertisement");
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write("001e# service=git-upload-pack\n0000".getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; ; i++) {
                String line = first + " refs/heads/" + "%08d".formatted(i) + (i == 0 ? "\0agent=x" : "") + "\n";
                exchange.getResponseBody()
                        .write("%04x%s".formatted(line.length() + 4, line).getBytes(StandardCharsets.US_ASCII));
            }
        });

        assertUnresolved(
                resolver.resolve(source("endless.git", "main"), null),
                FailureReason.SourceNotFound,
                false,
                "8 MiB",
                "full commit id");
    }

    @Test
    void aServerThatNeverAnswersDoesNotHoldTheRun() {
        CountDownLatch over = new CountDownLatch(1);
        server.answer("silent.git", exchange -> {
            try {
                over.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            exchange.close();
        });

        Resolution resolution =
                new GitRevisionResolver(Duration.ofSeconds(1)).resolve(source("silent.git", "main"), null);
        over.countDown();

        assertUnresolved(resolution, FailureReason.SourceNotFound, true, "no answer in time");
    }

    @Test
    void onlyHttpIsAsked() {
        for (String url :
                List.of("file:///etc", "ssh://git@example.com/a.git", "git@example.com:a.git", "ext::sh -c id")) {
            assertUnresolved(
                    resolver.resolve(new Source.Git(url, "main", null, null, null), null),
                    FailureReason.InvalidSpec,
                    false,
                    "spec.source.git.url");
        }
    }

    private Resolution resolve(@Nullable String revision) {
        return resolver.resolve(source("api.git", revision), null);
    }

    private Source.Git source(String path, @Nullable String revision) {
        return new Source.Git(server.url(path), revision, null, null, null);
    }

    private static void assertResolved(Resolution resolution, String commit) {
        assertThat(resolution).isEqualTo(new Resolution.Resolved(commit));
    }

    private static void assertUnresolved(Resolution resolution, FailureReason reason, boolean retry, String... parts) {
        assertThat(resolution).asInstanceOf(type(Resolution.Unresolved.class)).satisfies(unresolved -> {
            assertThat(unresolved.diagnosis().reason()).isEqualTo(reason);
            assertThat(unresolved.diagnosis().message()).contains(parts).doesNotContain("hunter2", "\u001b");
            assertThat(unresolved.diagnosis().isWorthWaiting()).isEqualTo(retry);
        });
    }
}
