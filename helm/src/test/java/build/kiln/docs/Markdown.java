package build.kiln.docs;

import build.kiln.SourceTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The documents of the repository. */
final class Markdown {
    private Markdown() {}

    /** Paths from the root. */
    static List<String> files() {
        List<String> files =
                new ArrayList<>(List.of("README.md", "CONTRIBUTING.md", "examples/README.md", "helm/kiln/README.md"));
        try (Stream<Path> docs = Files.walk(SourceTree.ROOT.resolve("docs"))) {
            docs.filter(file -> file.toString().endsWith(".md"))
                    .map(file -> SourceTree.ROOT.relativize(file).toString())
                    .sorted()
                    .forEach(files::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }

    /** First cells of a table's rows, where they are set in code: {@code | `cell` | ...}. */
    static List<String> rowNames(String text) {
        return groups("(?m)^\\| `([^`]+)` \\|", text);
    }

    /** Code blocks of a language, in order. */
    static List<String> blocks(String language, String text) {
        return groups("(?s)```" + language + "\n(.*?)```", text);
    }

    /** What stands under a heading of the second level. */
    static String section(String heading, String text) {
        return groups("(?s)\n## " + Pattern.quote(heading) + "\n(.*?)(?:\n## |$)", text)
                .getFirst();
    }

    /** Targets of links. */
    static List<String> links(String text) {
        return groups("\\]\\(([^)\\s]+)\\)", text);
    }

    private static List<String> groups(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
    }
}
