package build.kiln.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LineReaderTest {
    @Test
    void linesAcrossBuffersStayWhole() throws Exception {
        String longLine = "x".repeat(200_000);

        assertThat(read("a\n\n" + longLine + "\nlast", 1 << 20)).containsExactly("a", "", longLine, "last");
    }

    @Test
    void lineThatIsTooLongIsDroppedAndTheNextOneIsRead() throws Exception {
        assertThat(read("a\n" + "x".repeat(200_000) + "\nb\n", 1_000)).containsExactly("a", "", "b");
    }

    private static List<String> read(String text, int max) throws IOException {
        LineReader reader = new LineReader(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), max);
        List<String> lines = new ArrayList<>();
        for (Optional<byte[]> line = reader.next(); line.isPresent(); line = reader.next()) {
            lines.add(new String(line.get(), StandardCharsets.UTF_8));
        }
        return lines;
    }
}
