package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a client once wrote to its standard error, read as the worker reads it. */
record RecordedBuild(JsonNode about, BuildGraph graph, ClientErrors errors, String shown) {

    static RecordedBuild read(String file) throws IOException {
        byte[] recorded = Files.readAllBytes(Golden.path(file));
        ByteArrayOutputStream shown = new ByteArrayOutputStream();
        ProgressPrinter printer = new ProgressPrinter(
                new LogLines(new PrintStream(shown, true, StandardCharsets.UTF_8), ""), "linux/amd64", Instant.EPOCH);
        ClientErrors errors = new ClientErrors();
        JsonNode about = JsonNodeFactory.instance.objectNode();
        LineReader lines = new LineReader(new ByteArrayInputStream(recorded), 1 << 20);
        for (Optional<byte[]> line = lines.next(); line.isPresent(); line = lines.next()) {
            byte[] bytes = line.get();
            if (bytes.length > 0 && bytes[0] == '#') {
                about = Json.MAPPER.readTree(bytes, 1, bytes.length - 1);
            } else {
                SolveStatusParser.parse(bytes)
                        .ifPresentOrElse(status -> printer.show(status, Instant.EPOCH), () -> errors.add(bytes));
            }
        }
        return new RecordedBuild(about, printer.graph(), errors, shown.toString(StandardCharsets.UTF_8));
    }

    /** The request that the recording is of. */
    BuildRequest request() {
        Requests requests = about.has("git")
                ? Requests.git(
                        about.get("git").asText(),
                        about.path("commit").asText(Requests.COMMIT),
                        about.path("subPath").asText(null))
                : Requests.inline(Map.of());
        return requests.target(about.path("target").asText(null))
                .dockerfile(about.path("dockerfile").asText("Dockerfile"), null)
                .repository(about.path("push").asText("registry.example.com/test/app"))
                .request();
    }

    BuildInputs inputs() throws BuildFailedException {
        BuildRequest.Git source = request().source().git();
        GitContext git = source == null ? null : GitContext.of(source);
        @Nullable Path header = about.path("gitCredentials").asBoolean() ? Path.of("header") : null;
        Map<String, RegistryCredentials.Entry> entries = about.has("credentials")
                ? Map.of(
                        about.get("credentials").asText(),
                        new RegistryCredentials.Entry(1, JsonNodeFactory.instance.objectNode()))
                : Map.of();
        return new BuildInputs(
                git,
                null,
                null,
                header,
                List.of(),
                List.of(),
                Path.of("docker"),
                new RegistryCredentials(entries),
                Path.of("metadata.json"),
                List.of());
    }
}
