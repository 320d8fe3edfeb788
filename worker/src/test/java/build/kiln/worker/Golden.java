package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;

/** Files of expected output; {@code -Dkiln.updateGolden=true} writes them instead of comparing. */
final class Golden {
    private static final Path RESOURCES = Path.of("src/test/resources");

    private Golden() {}

    static void assertMatches(String file, String actual) throws IOException {
        Path path = RESOURCES.resolve(file);
        if (Boolean.getBoolean("kiln.updateGolden")) {
            Files.createDirectories(path.getParent());
            Files.writeString(path, actual);
        }
        assertThat(actual).as("content of %s", file).isEqualTo(Files.readString(path));
    }

    static Path path(String file) {
        return RESOURCES.resolve(file);
    }

    /** Names without their ending of the files in a folder. */
    static List<String> cases(String folder, String ending) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(RESOURCES.resolve(folder), "*" + ending)) {
            return StreamSupport.stream(files.spliterator(), false)
                    .map(path -> path.getFileName().toString())
                    .map(name -> name.substring(0, name.length() - ending.length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
