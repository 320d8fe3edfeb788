package build.kiln.docs;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.SourceTree;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The tables of fields and values say what the schemas say. */
class ReferenceTest {
    @Test
    void fieldsOfTheApi() {
        JsonNode schema = Definition.schema();
        StringBuilder tables = new StringBuilder();
        for (String section : List.of("spec", "status")) {
            tables.append("\n## ").append(section).append("\n\n| field | type | |\n|---|---|---|\n");
            fields("", schema.path("properties").path(section), tables);
        }

        upToDate("docs/api.md", tables.toString());
    }

    @Test
    void valuesOfTheChart() {
        StringBuilder table = new StringBuilder("\n| value | default | |\n|---|---|---|\n");
        JsonNode schema = SourceTree.yaml(SourceTree.text("helm/kiln/values.schema.json"));
        JsonNode defaults = SourceTree.yaml(SourceTree.text("helm/kiln/values.yaml"));
        values("", defaults, schema, schema, table);

        upToDate("helm/kiln/README.md", table.toString());
    }

    private static void upToDate(String path, String generated) {
        String text = SourceTree.text(path);
        int end = text.indexOf("-->\n", text.indexOf("<!-- Everything below is generated")) + 4;
        String expected = text.substring(0, end) + generated;
        if (Boolean.getBoolean("kiln.updateDocs")) {
            SourceTree.write(path, expected);
        }

        assertThat(SourceTree.ROOT.resolve(path))
                .as("a schema changed: run mvn -pl helm test -Dkiln.updateDocs=true and commit the file")
                .hasContent(expected);
    }

    private static void fields(String path, JsonNode schema, StringBuilder table) {
        Set<String> required = new TreeSet<>();
        schema.path("required").forEach(name -> required.add(name.asText()));
        schema.path("properties").properties().forEach(property -> {
            JsonNode field = property.getValue();
            String here = path + property.getKey();
            row(table, here + (required.contains(property.getKey()) ? "*" : ""), type(field), description(field));
            fields(here + ".", field, table);
            fields(here + "[].", field.path("items"), table);
            fields(here + "{}.", field.path("additionalProperties"), table);
        });
    }

    private static String description(JsonNode field) {
        String text = field.path("description").asText();
        boolean told = text.contains("Defaults to") || field.path("default").isMissingNode();
        return told ? text : text + " Default: " + field.path("default") + ".";
    }

    private static String type(JsonNode field) {
        if (field.has("enum")) {
            List<String> values = new ArrayList<>();
            field.path("enum").forEach(value -> values.add(value.asText()));
            return String.join(", ", values);
        }
        return switch (field.path("type").asText()) {
            case "array" -> type(field.path("items")) + "[]";
            case "object" ->
                field.path("additionalProperties").isObject()
                        ? "map of " + type(field.path("additionalProperties"))
                        : "object";
            case "string" -> field.path("format").asText("string");
            case "" -> field.path("x-kubernetes-int-or-string").asBoolean() ? "quantity" : "any";
            default -> field.path("type").asText();
        };
    }

    private static void values(String path, JsonNode defaults, JsonNode node, JsonNode root, StringBuilder table) {
        defaults.properties().forEach(value -> {
            JsonNode property = node.path("properties").path(value.getKey());
            String reference = property.path("$ref").asText();
            JsonNode target = reference.isEmpty() ? property : root.at(reference.substring(1));
            String here = path + value.getKey();
            if (target.has("properties")) {
                values(here + ".", value.getValue(), target, root, table);
            } else {
                row(
                        table,
                        here,
                        "`" + value.getValue() + "`",
                        property.path("description").asText());
            }
        });
    }

    private static void row(StringBuilder table, String name, String second, String text) {
        table.append("| `")
                .append(name)
                .append("` | ")
                .append(second.replace("|", "\\|"))
                .append(" | ")
                .append(escaped(text))
                .append(" |\n");
    }

    private static String escaped(String text) {
        return text.lines()
                .map(String::strip)
                .collect(Collectors.joining(" "))
                .replace("|", "\\|")
                .replace("<", "&lt;");
    }
}
