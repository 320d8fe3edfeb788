package build.kiln.worker;

import build.kiln.protocol.FailureReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** One value of a mounted Secret. */
final class CredentialFile {
    private static final int MAX_BYTES = 64 * 1024;

    private CredentialFile() {}

    /**
     * Its text; null when it is not mounted.
     *
     * @param secret what it belongs to, for messages, such as {@code spec.source.git.secretRef}
     * @throws BuildFailedException when it is too large to be what it should be
     * @throws IOException when it cannot be read
     */
    static @Nullable String read(Path file, String secret) throws IOException, BuildFailedException {
        if (!Files.exists(file)) {
            return null;
        }
        if (Files.size(file) > MAX_BYTES) {
            throw new BuildFailedException(
                    FailureReason.InvalidSpec,
                    "The \"" + file.getFileName() + "\" in the Secret of " + secret + " is larger than " + MAX_BYTES
                            + " bytes.");
        }
        // Secrets made from files end in a line break that was never meant.
        String text = Files.readString(file);
        int end = text.length();
        while (end > 0 && (text.charAt(end - 1) == '\n' || text.charAt(end - 1) == '\r')) {
            end--;
        }
        return text.substring(0, end);
    }
}
