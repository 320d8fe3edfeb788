package build.kiln.operator.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Launcher, operator and document speak of the same. */
class SymptomTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern CONSTANT = Pattern.compile("symptom = \"(\\w+)\"");

    @Test
    void theLauncherHasTheSameWords() throws IOException {
        String launcher = Files.readString(ROOT.resolve("images/buildkit/launcher/unsupported.go"));

        assertThat(CONSTANT.matcher(launcher).results().map((MatchResult result) -> result.group(1)))
                .containsExactlyElementsOf(
                        Arrays.stream(Symptom.values()).map(Symptom::name).toList());
    }

    @Test
    void theDocumentHasTheSameTable() throws IOException {
        List<String> rows = Files.readAllLines(ROOT.resolve("docs/support-matrix.md"));

        assertThat(Symptom.values())
                .allSatisfy(symptom -> assertThat(rows.stream().map(row -> row.replace("`", "")))
                        .contains("| " + symptom.name() + " | " + symptom.problem() + " | " + symptom.remedy() + " | "
                                + (symptom.rootlessMayHelp() ? "yes" : "no") + " |"));
    }
}
