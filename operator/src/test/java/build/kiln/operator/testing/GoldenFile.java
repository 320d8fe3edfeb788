package build.kiln.operator.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** An expected text among the test resources; {@code -Dkiln.updateGolden=true} writes what the code makes now. */
public record GoldenFile(Path path) {
    private static final Path ROOT =
            Path.of(System.getProperty("kiln.root", ".."), "operator/src/test/resources/build/kiln/operator");

    /** The file of that name below the resources of this module's tests. */
    public static GoldenFile of(String name) {
        return new GoldenFile(ROOT.resolve(name));
    }

    /** Its text. */
    public String read() {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Fails when the text is another one. */
    public void assertEqual(String actual) {
        if (Boolean.getBoolean("kiln.updateGolden")) {
            try {
                Files.writeString(path, actual);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        assertThat(actual).as("%s", path).isEqualTo(read());
    }
}
