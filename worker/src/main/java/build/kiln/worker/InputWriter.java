package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.FailureReason;
import build.kiln.worker.BuildInputs.AuthorityFile;
import build.kiln.worker.BuildInputs.SecretFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Lays out the files of one build in a private folder. */
final class InputWriter {
    private static final int MAX_INLINE_FILES = 1_000;
    private static final int MAX_INLINE_BYTES = 2 << 20;
    /** BuildKit's client refuses larger secrets. */
    private static final int MAX_SECRET_BYTES = 500 * 1024;

    /** Literal files have no time of their own; a fixed one makes equal requests equal layers. The earliest zip can hold. */
    private static final FileTime INLINE_TIME = FileTime.from(Instant.parse("1980-01-01T00:00:00Z"));

    private final WorkerSettings settings;

    InputWriter(WorkerSettings settings) {
        this.settings = settings;
    }

    /**
     * Writes everything the build needs.
     *
     * @param backends of the request's cache
     * @throws BuildFailedException when the request or a mounted Secret cannot be used
     * @throws IOException when the worker's own file system fails
     */
    BuildInputs write(BuildRequest request, List<BackendArguments> backends) throws BuildFailedException, IOException {
        Path home = Files.createTempDirectory(
                settings.workFolder(),
                "kiln-build-",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        BuildRequest.Source source = request.source();
        BuildRequest.Inline files = source.inline();
        if ((source.git() == null) == (files == null)) {
            throw invalid("The source must be either a git repository or inline files.");
        }
        GitContext git = source.git() == null ? null : GitContext.of(source.git());
        RegistryCredentials credentials = RegistryCredentials.read(settings.dockerConfigs());
        String inlineDockerfile = request.dockerfile().inline();
        return new BuildInputs(
                git,
                files == null ? null : writeContext(home.resolve("context"), files.files()),
                inlineDockerfile == null ? null : writeDockerfile(home.resolve("dockerfile"), inlineDockerfile),
                git == null ? null : writeGitHeader(home),
                secrets(request.secretIds()),
                authorities(home, request.registries()),
                writeDockerConfig(home.resolve("docker"), credentials),
                credentials,
                home.resolve("metadata.json"),
                backends);
    }

    private static Path writeContext(Path folder, Map<String, String> files) throws IOException, BuildFailedException {
        if (files.size() > MAX_INLINE_FILES) {
            throw invalid("The inline source has " + files.size() + " files; at most " + MAX_INLINE_FILES
                    + " are allowed. Use a git repository for larger contexts.");
        }
        Files.createDirectory(folder);
        long total = 0;
        for (Map.Entry<String, String> file : files.entrySet()) {
            byte[] content = file.getValue().getBytes(StandardCharsets.UTF_8);
            total += content.length;
            if (total > MAX_INLINE_BYTES) {
                throw invalid("The inline source is larger than " + MAX_INLINE_BYTES
                        + " bytes. Use a git repository for larger contexts.");
            }
            writeInline(folder, file.getKey(), content);
        }
        return folder;
    }

    private static void writeInline(Path folder, String name, byte[] content) throws IOException, BuildFailedException {
        String relative = GitContext.folder(name, "inline file name");
        if (relative.isEmpty() || name.startsWith("/") || name.endsWith("/") || name.indexOf('\0') >= 0) {
            throw invalid("\"" + name + "\" is not a relative path of a file in the inline source.");
        }
        Path file = folder.resolve(relative);
        try {
            Files.createDirectories(file.getParent());
            Files.write(file, content, StandardOpenOption.CREATE_NEW);
        } catch (FileSystemException e) {
            throw invalid("The inline source cannot have both \"" + name
                    + "\" and another file of that name, or one below it, or a name that long.");
        }
        Files.setLastModifiedTime(file, INLINE_TIME);
    }

    private static Path writeDockerfile(Path folder, String text) throws IOException, BuildFailedException {
        byte[] content = text.getBytes(StandardCharsets.UTF_8);
        if (content.length > MAX_INLINE_BYTES) {
            throw invalid("The inline Dockerfile is larger than " + MAX_INLINE_BYTES + " bytes.");
        }
        Files.createDirectory(folder);
        Files.write(folder.resolve(BuildctlCommand.DOCKERFILE), content);
        return folder;
    }

    private @Nullable Path writeGitHeader(Path home) throws IOException, BuildFailedException {
        String password = credential("password");
        if (password == null) {
            return null;
        }
        String username = credential("username");
        // A token alone works with any user name at the usual servers; this is the one that BuildKit uses.
        String pair = (username == null || username.isEmpty() ? "x-access-token" : username) + ":" + password;
        String header = "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
        return writePrivate(home.resolve("git-header"), header.getBytes(StandardCharsets.UTF_8));
    }

    private @Nullable String credential(String name) throws IOException, BuildFailedException {
        return CredentialFile.read(settings.gitCredentials().resolve(name), "spec.source.git.secretRef");
    }

    private List<SecretFile> secrets(List<String> ids) throws IOException, BuildFailedException {
        List<SecretFile> secrets = new ArrayList<>();
        for (String id : ids) {
            Path file = settings.secrets().resolve(id).normalize();
            if (!settings.secrets().equals(file.getParent()) || !Files.isRegularFile(file)) {
                throw invalid("The secret \"" + id + "\" is not mounted into the worker.");
            }
            if (Files.size(file) > MAX_SECRET_BYTES) {
                throw invalid("The secret \"" + id + "\" is larger than the " + MAX_SECRET_BYTES
                        + " bytes that BuildKit accepts.");
            }
            secrets.add(new SecretFile(id, file));
        }
        return List.copyOf(secrets);
    }

    private static List<AuthorityFile> authorities(Path home, List<BuildRequest.Registry> registries)
            throws IOException {
        List<AuthorityFile> authorities = new ArrayList<>();
        for (BuildRequest.Registry registry : registries) {
            String ca = registry.ca();
            if (ca != null) {
                Path file = home.resolve("ca-" + authorities.size() + ".pem");
                Files.writeString(file, ca);
                authorities.add(new AuthorityFile(registry.host(), file));
            }
        }
        return List.copyOf(authorities);
    }

    private static Path writeDockerConfig(Path folder, RegistryCredentials credentials) throws IOException {
        Files.createDirectory(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        writePrivate(folder.resolve("config.json"), credentials.configJson());
        return folder;
    }

    private static Path writePrivate(Path file, byte[] content) throws IOException {
        Set<PosixFilePermission> owner = EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(owner));
        return Files.write(file, content);
    }

    private static BuildFailedException invalid(String message) {
        return new BuildFailedException(FailureReason.InvalidSpec, message);
    }
}
