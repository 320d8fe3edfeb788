package build.kiln.operator.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads the administrator's file over the defaults. Nothing in it is ignored: an unknown key is an error. */
final class ConfigurationFile {
    private static final String DEFAULTS = "defaults.yaml";

    private static final YAMLMapper MAPPER = YAMLMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .build();

    private ConfigurationFile() {}

    static OperatorConfiguration read(Path file) throws InvalidConfigurationException {
        JsonNode tree = tree(file);
        ObjectNode merged = defaults();
        merge(merged, tree);
        OperatorConfiguration configuration;
        try {
            configuration = MAPPER.treeToValue(merged, OperatorConfiguration.class);
        } catch (JsonProcessingException e) {
            throw invalid(file, explanation(e), e);
        }
        new ConfigurationCheck(problem -> invalid(file, problem, null)).check(configuration);
        return configuration;
    }

    private static JsonNode tree(Path file) throws InvalidConfigurationException {
        JsonNode tree;
        try {
            tree = MAPPER.readTree(Files.readString(file));
        } catch (NoSuchFileException e) {
            throw invalid(
                    file,
                    "no such file; mount the ConfigMap kiln-config there or let " + OperatorConfiguration.PATH_VARIABLE
                            + " name the file",
                    e);
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            String place = at == null ? "" : "line " + at.getLineNr() + ": ";
            throw invalid(file, place + "not YAML: " + firstLine(e.getOriginalMessage()), e);
        } catch (IOException e) {
            throw invalid(file, "cannot be read: " + e, e);
        }
        if (!tree.isObject()) {
            throw invalid(file, "write a map with at least the key images", null);
        }
        return tree;
    }

    private static ObjectNode defaults() {
        try (InputStream stream =
                Objects.requireNonNull(ConfigurationFile.class.getResourceAsStream(DEFAULTS), DEFAULTS)) {
            return (ObjectNode) MAPPER.readTree(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A key without a value, which templates like to write, counts as left out. */
    private static void merge(ObjectNode target, JsonNode from) {
        for (Map.Entry<String, JsonNode> entry : from.properties()) {
            JsonNode value = entry.getValue();
            if (value.isNull()) {
                continue;
            }
            if (target.get(entry.getKey()) instanceof ObjectNode existing && value.isObject()) {
                merge(existing, value);
            } else {
                target.set(entry.getKey(), value);
            }
        }
    }

    private static String explanation(JsonProcessingException e) {
        return switch (e) {
            case UnrecognizedPropertyException unknown ->
                path(unknown) + ": unknown key; write one of "
                        + Objects.requireNonNullElse(unknown.getKnownPropertyIds(), java.util.List.of()).stream()
                                .map(String::valueOf)
                                .sorted()
                                .collect(Collectors.joining(", "));
            case InvalidFormatException format ->
                path(format) + ": \"" + format.getValue() + "\" is not valid; write "
                        + expected(format.getTargetType());
            case MismatchedInputException mismatch ->
                path(mismatch) + ": wrong type; write " + expected(mismatch.getTargetType());
            case JsonMappingException mapping -> path(mapping) + ": " + firstLine(mapping.getOriginalMessage());
            default -> firstLine(e.getOriginalMessage());
        };
    }

    private static String expected(@Nullable Class<?> type) {
        if (type == null) {
            return "another value";
        }
        if (type.isEnum()) {
            return "one of "
                    + Arrays.stream(type.getEnumConstants())
                            .map(String::valueOf)
                            .collect(Collectors.joining(", "));
        }
        if (type == boolean.class) {
            return "true or false";
        }
        if (type == int.class || type == long.class || type == Integer.class) {
            return "a whole number";
        }
        if (type == String.class) {
            return "a text";
        }
        return java.util.Collection.class.isAssignableFrom(type) ? "a list" : "a map";
    }

    private static String path(JsonMappingException e) {
        StringBuilder path = new StringBuilder();
        for (JsonMappingException.Reference reference : e.getPath()) {
            if (reference.getFieldName() == null) {
                path.append('[').append(reference.getIndex()).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(reference.getFieldName());
            }
        }
        return path.toString();
    }

    private static String firstLine(@Nullable String text) {
        return String.valueOf(text).lines().findFirst().orElse("");
    }

    private static InvalidConfigurationException invalid(Path file, String problem, @Nullable Throwable cause) {
        return new InvalidConfigurationException(file + ": " + problem, cause);
    }
}
