package build.kiln.worker;

import build.kiln.worker.SolveStatus.Log;
import build.kiln.worker.SolveStatus.Transfer;
import build.kiln.worker.SolveStatus.Vertex;
import build.kiln.worker.SolveStatus.Warning;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads one line of {@code buildctl --progress=rawjson}; token by token, because logs come through here. */
final class SolveStatusParser {
    private static final JsonFactory FACTORY = new JsonFactory();

    private SolveStatusParser() {}

    /** Returns nothing when the line is not a progress report: the client writes its errors to the same stream. */
    static Optional<SolveStatus> parse(byte[] line) {
        if (line.length == 0 || line[0] != '{') {
            return Optional.empty();
        }
        try (JsonParser json = FACTORY.createParser(line)) {
            json.nextToken();
            return Optional.of(status(json));
        } catch (IOException | DateTimeException e) {
            return Optional.empty();
        }
    }

    private static SolveStatus status(JsonParser json) throws IOException {
        SolveStatus status =
                new SolveStatus(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "vertexes" -> each(json, status.vertexes(), SolveStatusParser::vertex);
                case "statuses" -> each(json, status.transfers(), SolveStatusParser::transfer);
                case "logs" -> each(json, status.logs(), SolveStatusParser::log);
                case "warnings" -> each(json, status.warnings(), SolveStatusParser::warning);
                default -> json.skipChildren();
            }
        }
        return status;
    }

    private interface Element<T> {
        T read(JsonParser json) throws IOException;
    }

    private static <T> void each(JsonParser json, List<T> into, Element<T> element) throws IOException {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            json.skipChildren();
            return;
        }
        while (json.nextToken() == JsonToken.START_OBJECT) {
            into.add(element.read(json));
        }
    }

    private static Vertex vertex(JsonParser json) throws IOException {
        String digest = "";
        List<String> inputs = new ArrayList<>();
        String name = "";
        Instant started = null;
        Instant completed = null;
        boolean cached = false;
        String error = "";
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "digest" -> digest = text(json);
                case "inputs" -> texts(json, inputs);
                case "name" -> name = text(json);
                case "started" -> started = time(json);
                case "completed" -> completed = time(json);
                case "cached" -> cached = json.getValueAsBoolean();
                case "error" -> error = text(json);
                default -> json.skipChildren();
            }
        }
        return new Vertex(digest, inputs, name, started, completed, cached, error);
    }

    private static Transfer transfer(JsonParser json) throws IOException {
        String id = "";
        String vertex = "";
        long current = 0;
        long total = 0;
        Instant timestamp = null;
        Instant started = null;
        Instant completed = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "id" -> id = text(json);
                case "vertex" -> vertex = text(json);
                case "current" -> current = json.getValueAsLong();
                case "total" -> total = json.getValueAsLong();
                case "timestamp" -> timestamp = time(json);
                case "started" -> started = time(json);
                case "completed" -> completed = time(json);
                default -> json.skipChildren();
            }
        }
        return new Transfer(id, vertex, current, total, timestamp, started, completed);
    }

    private static Log log(JsonParser json) throws IOException {
        String vertex = "";
        byte[] data = new byte[0];
        Instant timestamp = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "vertex" -> vertex = text(json);
                case "data" -> data = bytes(json);
                case "timestamp" -> timestamp = time(json);
                default -> json.skipChildren();
            }
        }
        return new Log(vertex, data, timestamp);
    }

    private static Warning warning(JsonParser json) throws IOException {
        String vertex = "";
        String text = "";
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "vertex" -> vertex = text(json);
                case "short" -> text = new String(bytes(json), StandardCharsets.UTF_8);
                default -> json.skipChildren();
            }
        }
        return new Warning(vertex, text);
    }

    private static void texts(JsonParser json, List<String> into) throws IOException {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            json.skipChildren();
            return;
        }
        while (json.nextToken() == JsonToken.VALUE_STRING) {
            into.add(text(json));
        }
    }

    private static String text(JsonParser json) throws IOException {
        String text = json.getValueAsString();
        return text == null ? "" : text;
    }

    private static byte[] bytes(JsonParser json) throws IOException {
        return json.currentToken() == JsonToken.VALUE_STRING ? json.getBinaryValue() : new byte[0];
    }

    private static @Nullable Instant time(JsonParser json) throws IOException {
        String text = json.getValueAsString();
        return text == null ? null : Instant.parse(text);
    }
}
