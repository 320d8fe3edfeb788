package build.kiln.docs;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.SourceTree;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.failure.Evidence;
import build.kiln.operator.failure.NextStep;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DocumentsTest {
    private static final Pattern TRANSITION = Pattern.compile("(?m)^\\s*(\\S+) --> (\\w+|\\[\\*])");
    private static final Pattern REASON_ROW = Pattern.compile("(?m)^\\| `(\\w+)` \\| ([^|]+) \\| ([^|]+) \\|");

    static List<String> documents() {
        return Markdown.files();
    }

    @ParameterizedTest
    @MethodSource("documents")
    void linksLeadSomewhere(String document) {
        Path folder = Path.of(document).resolveSibling("");

        assertThat(Markdown.links(SourceTree.text(document)))
                .filteredOn(link -> !link.startsWith("http") && !link.startsWith("#"))
                .allSatisfy(link -> assertThat(SourceTree.ROOT.resolve(folder).resolve(link.replaceAll("#.*", "")))
                        .exists());
    }

    @Test
    void everyReasonOfAFailureIsExplained() {
        String table = Markdown.section("Reasons of a failed run", SourceTree.text("docs/troubleshooting.md"));

        assertThat(Markdown.rowNames(table)).containsExactlyInAnyOrderElementsOf(names(FailureReason.values()));
    }

    @Test
    void everyReasonHasItsClassesAndNextSteps() {
        String table = Markdown.section("Reasons of a failed run", SourceTree.text("docs/troubleshooting.md"));
        Map<String, Set<String>> documented = new TreeMap<>();
        REASON_ROW
                .matcher(table)
                .results()
                .forEach(row -> documented.put(
                        row.group(1),
                        Stream.concat(
                                        Stream.of(row.group(2).split(", ")),
                                        Stream.of(row.group(3).split(", ")))
                                .collect(Collectors.toCollection(TreeSet::new))));

        assertThat(documented).isEqualTo(classesAndNextSteps());
    }

    private static Map<String, Set<String>> classesAndNextSteps() {
        Map<String, Set<String>> expected = new TreeMap<>();
        Arrays.stream(Evidence.class.getPermittedSubclasses())
                .<Evidence>flatMap(kind -> kind.isEnum()
                        ? Arrays.stream(kind.getEnumConstants()).map(Evidence.class::cast)
                        : Stream.of(build.kiln.protocol.FailureReason.values()).map(Evidence.Reported::new))
                .map(evidence -> Diagnosis.of(evidence, ""))
                .forEach(diagnosis -> {
                    Set<String> words =
                            expected.computeIfAbsent(diagnosis.reason().name(), _ -> new TreeSet<>());
                    words.add(diagnosis.failureClass().name());
                    words.add(word(diagnosis.next()));
                });
        return expected;
    }

    private static String word(NextStep next) {
        return switch (next) {
            case Fail -> "none";
            case RetryAfterBackOff -> "retry";
            case RetryOnce -> "retry once";
            case RetryWithMoreMemory -> "retry with more memory";
            case WaitForCapacity -> "wait";
        };
    }

    @Test
    void stateDiagramsHaveTheStatesOfTheApi() {
        List<String> diagrams = Markdown.blocks("mermaid", SourceTree.text("docs/architecture.md")).stream()
                .filter(diagram -> diagram.startsWith("stateDiagram"))
                .toList();

        assertThat(diagrams).hasSize(2);
        assertThat(states(diagrams.get(0))).isEqualTo(names(Run.Phase.values()));
        assertThat(states(diagrams.get(1))).isEqualTo(names(PlatformStatus.State.values()));
    }

    @Test
    void finalPhasesAreTheEndsOfTheDiagram() {
        String diagram = Markdown.blocks("mermaid", SourceTree.text("docs/architecture.md")).stream()
                .filter(block -> block.startsWith("stateDiagram"))
                .findFirst()
                .orElseThrow();
        Set<String> ends = TRANSITION
                .matcher(diagram)
                .results()
                .filter(transition -> transition.group(2).equals("[*]"))
                .map(transition -> transition.group(1))
                .collect(Collectors.toSet());

        assertThat(ends)
                .containsExactlyInAnyOrderElementsOf(names(Arrays.stream(Run.Phase.values())
                        .filter(Run.Phase::isFinal)
                        .toArray(Run.Phase[]::new)));
    }

    private static Set<String> states(String diagram) {
        return TRANSITION
                .matcher(diagram)
                .results()
                .flatMap(transition -> Stream.of(transition.group(1), transition.group(2)))
                .filter(state -> !state.equals("[*]"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> names(Enum<?>[] constants) {
        return Arrays.stream(constants).map(Enum::name).collect(Collectors.toCollection(TreeSet::new));
    }
}
