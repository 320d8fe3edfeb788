package build.kiln.worker;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The files of one build, ready for BuildKit's client.
 *
 * @param git the source, when it is a repository
 * @param contextFolder the source, when its files were given literally
 * @param dockerfileFolder holds the inline Dockerfile under the name {@code Dockerfile}; null when the source has it
 * @param gitHeader file with the value of the Authorization header for the git server; null without credentials
 * @param secrets files by secret id, in the order of the request
 * @param authorities certificates to trust when a registry's token server is asked
 * @param dockerConfig folder with the merged registry credentials
 * @param credentials whose they are
 * @param metadataFile where the client describes what it pushed
 * @param backends of the cache, in the order of the request
 */
record BuildInputs(
        @Nullable GitContext git,
        @Nullable Path contextFolder,
        @Nullable Path dockerfileFolder,
        @Nullable Path gitHeader,
        List<SecretFile> secrets,
        List<AuthorityFile> authorities,
        Path dockerConfig,
        RegistryCredentials credentials,
        Path metadataFile,
        List<BackendArguments> backends) {

    /** A secret for {@code RUN --mount=type=secret}. */
    record SecretFile(String id, Path file) {}

    /** Certificates for one registry. */
    record AuthorityFile(String host, Path file) {}
}
