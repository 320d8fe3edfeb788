package build.kiln.operator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * One rule of the schema about sizes, bounds, values and required fields, and how to break it. Patterns and CEL rules are
 * broken by manifests of the corpus instead, because only people know what breaks those.
 *
 * @param owner the field that has the rule, step by step: a name, or {@link #ELEMENT} for an element or a value
 * @param name of the rule and its limit
 * @param complaint what the API server's answer has to contain besides the field
 * @param broken makes of a good value a bad one
 */
record SchemaRule(List<String> owner, String name, String complaint, UnaryOperator<JsonNode> broken) {
    static final String ELEMENT = "*";
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    /** All of a field's schema and of those below it. */
    static List<SchemaRule> of(String field, JsonNode schema) {
        List<SchemaRule> rules = new ArrayList<>();
        collect(List.of(field), schema, rules);
        return rules;
    }

    private static void collect(List<String> path, JsonNode schema, List<SchemaRule> rules) {
        numbers(path, schema, rules);
        texts(path, schema, rules);
        lists(path, schema, rules);
        maps(path, schema, rules);
        if (schema.has("enum")) {
            rules.add(new SchemaRule(path, "enum", "Unsupported value", _ -> JSON.textNode("Unheard")));
        }
        for (JsonNode required : schema.path("required")) {
            rules.add(new SchemaRule(
                    path,
                    "required " + required.asText(),
                    required.asText() + ": Required value",
                    value -> ((ObjectNode) value).without(required.asText())));
        }
        schema.path("properties")
                .properties()
                .forEach(property -> collect(step(path, property.getKey()), property.getValue(), rules));
        for (String elements : List.of("items", "additionalProperties")) {
            if (schema.path(elements).isObject()) {
                collect(step(path, ELEMENT), schema.get(elements), rules);
            }
        }
    }

    private static void numbers(List<String> path, JsonNode schema, List<SchemaRule> rules) {
        if (schema.has("minimum")) {
            long least = schema.get("minimum").asLong();
            rules.add(new SchemaRule(path, "minimum", "" + least, _ -> JSON.numberNode(least - 1)));
        }
        if (schema.has("maximum")) {
            long most = schema.get("maximum").asLong();
            rules.add(new SchemaRule(path, "maximum", "" + most, _ -> JSON.numberNode(most + 1)));
        }
    }

    private static void texts(List<String> path, JsonNode schema, List<SchemaRule> rules) {
        if (schema.has("minLength")) {
            int least = schema.get("minLength").asInt();
            rules.add(
                    new SchemaRule(path, "minLength", "at least " + least, _ -> JSON.textNode("a".repeat(least - 1))));
        }
        if (schema.has("maxLength")) {
            int most = schema.get("maxLength").asInt();
            rules.add(new SchemaRule(path, "maxLength", "Too long", _ -> JSON.textNode("a".repeat(most + 1))));
        }
    }

    private static void lists(List<String> path, JsonNode schema, List<SchemaRule> rules) {
        if (schema.has("minItems")) {
            rules.add(new SchemaRule(path, "minItems", "at least", _ -> JSON.arrayNode()));
        }
        if (schema.has("maxItems")) {
            int tooMany = schema.get("maxItems").asInt() + 1;
            rules.add(new SchemaRule(path, "maxItems", "Too many", value -> repeated(value, tooMany)));
        }
        String type = schema.path("x-kubernetes-list-type").asText();
        if (type.equals("set") || type.equals("map")) {
            rules.add(new SchemaRule(path, "unique elements", "Duplicate value", value -> repeated(value, 2)));
        }
    }

    private static void maps(List<String> path, JsonNode schema, List<SchemaRule> rules) {
        if (schema.has("minProperties")) {
            rules.add(new SchemaRule(path, "minProperties", "at least", _ -> JSON.objectNode()));
        }
        if (schema.has("maxProperties")) {
            int tooMany = schema.get("maxProperties").asInt() + 1;
            rules.add(new SchemaRule(path, "maxProperties", "Too many", value -> {
                ObjectNode all = value.deepCopy();
                JsonNode one = value.elements().next();
                Stream.iterate(0, i -> i + 1).limit(tooMany).forEach(i -> all.set("key" + i, one));
                return all;
            }));
        }
    }

    private static ArrayNode repeated(JsonNode list, int count) {
        ArrayNode elements = JSON.arrayNode();
        for (int i = 0; i < count; i++) {
            elements.add(list.get(0));
        }
        return elements;
    }

    private static List<String> step(List<String> path, String next) {
        List<String> longer = new ArrayList<>(path);
        longer.add(next);
        return longer;
    }

    /** Whether a manifest has the field. */
    boolean isIn(JsonNode manifest) {
        JsonNode node = manifest;
        for (String step : owner) {
            node = child(node, step);
        }
        return !node.isMissingNode();
    }

    /** The manifest with the rule broken. */
    JsonNode breakIn(JsonNode manifest) {
        return replaced(manifest, owner);
    }

    private JsonNode replaced(JsonNode node, List<String> rest) {
        if (rest.isEmpty()) {
            return broken.apply(node.deepCopy());
        }
        String step = rest.getFirst();
        JsonNode changed = replaced(child(node, step), rest.subList(1, rest.size()));
        if (node instanceof ArrayNode list) {
            ArrayNode copy = list.deepCopy();
            copy.set(0, changed);
            return copy;
        }
        ObjectNode copy = node.deepCopy();
        copy.set(step.equals(ELEMENT) ? node.fieldNames().next() : step, changed);
        return copy;
    }

    private static JsonNode child(JsonNode node, String step) {
        if (!step.equals(ELEMENT)) {
            return node.path(step);
        }
        return node.isEmpty() ? node.path("") : node.elements().next();
    }

    /** The field as the API server names it, up to the first element or value. */
    String field() {
        List<String> named =
                owner.stream().takeWhile(step -> !step.equals(ELEMENT)).toList();
        return String.join(".", named);
    }

    @Override
    public String toString() {
        return String.join(".", owner) + " " + name;
    }
}
