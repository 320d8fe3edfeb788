package build.kiln.worker;

import build.kiln.protocol.BuildResult.CrossCompiling;
import build.kiln.protocol.BuildResult.CrossCompiling.Answer;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks the Dockerfile frontend what it would execute for other platforms, and whether all of that would run on this one. The
 * build has succeeded by then and is told of no answer but by {@link Answer#Unknown}.
 *
 * <p>The frontend answers for the worker's own platform, whichever is asked about (BuildKit 0.33). So the arguments that hold
 * the target platform are given, as stages may be chosen by them, and BUILDPLATFORM is given a variant of its own: steps of
 * that variant are those that run on the machine that builds, whatever the target is; all others run on the target.
 */
final class FrontendQuestion {
    static final Duration LONGEST = Duration.ofSeconds(30);

    private static final long MAX_BYTES = 16L << 20;
    private static final int MAX_DETAIL = 120;
    private static final String RESULT = "result.json\n";
    /** Base images of the plain architecture do for these, too. */
    private static final Map<String, String> MARKS = Map.of("amd64", "v2", "arm64", "v8.1");

    private final WorkerSettings settings;
    private final String architecture;
    private final PrintStream out;
    private final InstantSource clock;
    private final Cancellation cancellation;

    /**
     * @param architecture of the worker, as in platforms
     */
    FrontendQuestion(
            WorkerSettings settings,
            String architecture,
            PrintStream out,
            InstantSource clock,
            Cancellation cancellation) {
        this.settings = settings;
        this.architecture = architecture;
        this.out = out;
        this.clock = clock;
        this.cancellation = cancellation;
    }

    /** That of this machine, as in platforms. */
    static String ownArchitecture() {
        String name = System.getProperty("os.arch");
        return name.equals("aarch64") ? "arm64" : name;
    }

    /** Asks for one platform after the other; the first one that needs another machine, or is not known, decides. */
    CrossCompiling ask(List<String> platforms, PlatformBuild build) throws InterruptedException {
        Instant deadline = clock.instant().plus(LONGEST);
        CrossCompiling answer = new CrossCompiling(Answer.Yes, null);
        for (String platform : platforms) {
            if (answer.answer() == Answer.Yes && !architectureOf(platform).equals(architecture)) {
                answer = ask(platform, build, deadline);
            }
        }
        String detail = answer.detail();
        out.println("cross-compiling: " + answer.answer() + (detail == null ? "" : ": " + detail));
        return answer;
    }

    private CrossCompiling ask(String platform, PlatformBuild build, Instant deadline) throws InterruptedException {
        String mark = MARKS.get(architecture);
        if (mark == null) {
            return unknown("nothing tells steps apart on " + architecture);
        }
        try {
            Path answer = Files.createTempFile(settings.workFolder(), "kiln-question-", ".txt");
            List<String> command = BuildctlCommand.convert(
                    settings, build.request(), build.inputs(), build.variant(), arguments(platform, mark));
            ProgressPrinter printer = ProgressPrinter.silent(new LogLines(out, ""), platform, clock.instant());
            BuildctlRun.Outcome outcome = new BuildctlRun(printer, clock, cancellation, new Liveness.Clock())
                    .run(
                            command,
                            build.inputs().dockerConfig(),
                            new BuildctlRun.Limits(deadline, null, () -> {}),
                            ProcessBuilder.Redirect.to(answer.toFile()));
            return switch (outcome.end()) {
                case TIMED_OUT, STALLED -> unknown("the frontend did not answer within " + LONGEST.toSeconds() + " s");
                case CANCELLED -> unknown("the worker was told to stop");
                case EXITED ->
                    outcome.exitCode() == 0
                            ? read(platform, mark, answer)
                            : unknown(outcome.errors().message());
            };
        } catch (IOException | BuildFailedException | RuntimeException e) {
            return unknown(e.toString());
        }
    }

    private Map<String, String> arguments(String platform, String mark) {
        String[] parts = platform.split("/", -1);
        return Map.of(
                "BUILDPLATFORM",
                parts[0] + "/" + architecture + "/" + mark,
                "BUILDVARIANT",
                mark,
                "TARGETPLATFORM",
                platform,
                "TARGETOS",
                parts[0],
                "TARGETARCH",
                architectureOf(platform),
                "TARGETVARIANT",
                parts.length > 2 ? parts[2] : "");
    }

    private CrossCompiling read(String platform, String mark, Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            return unknown("the frontend's answer is longer than " + MAX_BYTES + " bytes");
        }
        String text = Files.readString(file, StandardCharsets.UTF_8);
        int start = text.startsWith(RESULT) ? 0 : text.indexOf("\n" + RESULT) + 1;
        if (!text.startsWith(RESULT, start)) {
            return unknown("the frontend's answer has no result");
        }
        JsonNode result = Json.MAPPER.readTree(text.substring(start + RESULT.length()));
        if (result.path("def").isEmpty()) {
            return unknown("the frontend's answer has no operations");
        }
        for (Map.Entry<String, JsonNode> operation : result.path("def").properties()) {
            Optional<CrossCompiling> foreign = operation.getValue().has("exec")
                    ? foreign(operation.getValue().path("platform"), mark, () -> {
                        JsonNode about = result.path("metadata").path(operation.getKey());
                        return platform + ": " + name(about);
                    })
                    : Optional.empty();
            if (foreign.isPresent()) {
                return foreign.get();
            }
        }
        return new CrossCompiling(Answer.Yes, null);
    }

    private Optional<CrossCompiling> foreign(JsonNode on, String mark, Supplier<String> step) {
        if (on.path("Architecture").asText().isEmpty()) {
            return Optional.of(unknown("the frontend does not say where a step is executed: " + step.get()));
        }
        boolean own = on.path("Architecture").asText().equals(architecture)
                && on.path("Variant").asText().equals(mark);
        return own ? Optional.empty() : Optional.of(new CrossCompiling(Answer.No, shown(step.get())));
    }

    private static String name(JsonNode metadata) {
        String name = metadata.path("description").path("llb.customname").asText("a step");
        return StepName.parse(name).map(StepName::instruction).orElse(name);
    }

    private static CrossCompiling unknown(String why) {
        return new CrossCompiling(Answer.Unknown, shown(why));
    }

    private static @Nullable String shown(String text) {
        return Printable.text(Printable.cut(text, MAX_DETAIL));
    }

    private static String architectureOf(String platform) {
        String[] parts = platform.split("/", -1);
        return parts.length > 1 ? parts[1] : platform;
    }
}
