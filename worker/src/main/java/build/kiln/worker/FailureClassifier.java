package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.FailureReason;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds out why BuildKit's client failed. The client's exit code is always 1, so the error's text decides, together with the
 * operation that failed: text alone would let a Dockerfile speak for a registry.
 */
final class FailureClassifier {
    private static final int MAX_STEP = 200;
    private static final int MAX_MESSAGE = 1_000;
    /** What BuildKit says when a program of a step failed. */
    static final String PROCESS = "did not complete successfully";

    private static final String EXIT_CODE = "exit code: ";
    private static final String LOAD_METADATA = "[internal] load metadata for ";
    private static final String RESOLVE_FRONTEND = "resolve image config for docker-image://";
    private static final String PUSH = "failed to push ";
    private static final int KILLED = 137;

    private final BuildRequest request;
    private final BuildInputs inputs;
    private final ClientErrors errors;
    private final @Nullable Operation failed;
    private final @Nullable Integer oomKills;
    private final String message;

    /**
     * @param oomKills how many processes beside the daemon the kernel has killed for want of memory; null when unknown
     */
    FailureClassifier(
            BuildRequest request,
            BuildInputs inputs,
            BuildGraph graph,
            ClientErrors errors,
            @Nullable Integer oomKills) {
        this.oomKills = oomKills;
        this.request = request;
        this.inputs = inputs;
        this.errors = errors;
        this.failed = graph.failed(errors.message()).orElse(null);
        this.message = Printable.cut(Printable.lines(errors.message()), MAX_MESSAGE);
    }

    /** The instruction of an operation, short enough for a status. */
    static String shown(Operation operation) {
        String text = operation.step().map(StepName::plainInstruction).orElse(operation.name());
        return Printable.text(Printable.cut(text, MAX_STEP));
    }

    /** The last lines of an operation's output. */
    static @Nullable String tail(Operation operation) {
        String tail = operation.output().tail();
        return tail.isEmpty() ? null : tail;
    }

    Diagnosis classify() {
        if (message.contains(PROCESS)) {
            return ofProcess();
        }
        if (isDaemonGone()) {
            return plain(
                    FailureReason.WorkerLost,
                    "The BuildKit daemon went away during the build: " + message
                            + ". The log of the container buildkitd says why.");
        }
        if (contains(message, "no space left on device", "disk quota exceeded")) {
            return outOfDisk();
        }
        if (isMainSource()) {
            return ofSource();
        }
        if (message.startsWith(PUSH) || (failed != null && failed.name().equals("exporting to image"))) {
            return RegistryFailure.ofPush(request, inputs.credentials(), pushError());
        }
        Optional<String> image = pulledImage();
        if (image.isPresent()) {
            return ofPull(image.get());
        }
        if (failed != null && failed.isDockerfileOperation()) {
            return ofOperation();
        }
        if (errors.location() != null || isAboutDockerfile()) {
            return dockerfile("The Dockerfile cannot be used: " + message + ".");
        }
        if (errors.isFromSolver()) {
            return plain(FailureReason.BuildFailed, "BuildKit could not build: " + message + ".");
        }
        return plain(
                FailureReason.WorkerLost,
                "BuildKit's client failed: " + (message.isEmpty() ? "it said nothing" : message) + ".");
    }

    private Diagnosis ofProcess() {
        Integer exitCode = exitCode();
        String tail = failed == null ? null : tail(failed);
        String what = step() + " failed" + (exitCode == null ? "" : " with exit code " + exitCode) + at();
        if (exitCode != null && exitCode == KILLED) {
            return killed(exitCode);
        }
        if (tail != null && contains(tail, "no space left on device")) {
            return outOfDisk();
        }
        if (contains(message + "\n" + tail, "exec format error")) {
            return at(
                    FailureReason.BuildFailed,
                    what + ": a program of the image is not for " + request.platform()
                            + ". Check that the base image supports this platform.",
                    exitCode);
        }
        return at(FailureReason.BuildFailed, what + ".", exitCode);
    }

    /** Signal 9 is the kernel's when memory is short, and anybody's else. */
    private Diagnosis killed(int exitCode) {
        String what = step() + " was killed (exit code 137)" + at();
        if (oomKills != null && oomKills == 0) {
            return at(
                    FailureReason.BuildFailed,
                    what + ", and not for want of memory: the kernel killed no process of the daemon's container."
                            + " Look for what sends SIGKILL in the step itself.",
                    exitCode);
        }
        String why = oomKills == null
                ? ", most likely because the worker's memory limit was reached"
                : ": the kernel killed " + oomKills + " of the container's processes for want of memory";
        return at(
                FailureReason.OutOfMemory,
                what + why + ". Raise spec.worker.resources.limits.memory, or set spec.retry.memoryFactor.",
                exitCode);
    }

    private Diagnosis ofOperation() {
        if (message.startsWith("secret ") && message.endsWith(": not found")) {
            return at(
                    FailureReason.BuildFailed,
                    step() + " needs a " + message.replace(": not found", "") + at()
                            + ", which the build does not have. Add it to spec.secrets.",
                    null);
        }
        return at(
                FailureReason.BuildFailed,
                step() + " failed" + at() + ": " + withoutNoise(message).replace('\n', ' ') + ".",
                null);
    }

    private Diagnosis outOfDisk() {
        return at(
                FailureReason.OutOfDisk,
                "The build ran out of disk space" + (failed == null ? "" : " in \"" + shown(failed) + "\"")
                        + ". Raise the size limit of the worker's state volume, or free space on the node.",
                exitCode());
    }

    private Diagnosis ofPull(String image) {
        boolean frontend = failed != null && failed.name().startsWith(RESOLVE_FRONTEND);
        if (RegistryFailure.isRefused(message)) {
            Diagnosis refused = RegistryFailure.refusedPull(inputs.credentials(), image, at());
            return at(refused.reason(), refused.message(), null).withRegistrySecret(refused.registrySecret());
        }
        String missing = message.endsWith(": not found")
                ? "the image " + image + " does not exist in its registry, or not for " + request.platform()
                : "the image " + image + " cannot be pulled: " + message;
        if (RegistryFailure.isTransient(message)) {
            return at(FailureReason.PullFailed, step() + " failed" + at() + ": " + missing + ".", null);
        }
        return frontend
                ? dockerfile("The Dockerfile's # syntax= line names a frontend, but " + missing + ".")
                : at(FailureReason.BuildFailed, step() + " failed" + at() + ": " + missing + ".", null);
    }

    private Diagnosis ofSource() {
        GitContext git = inputs.git();
        return SourceFailure.classify(git, inputs.gitHeader() != null, message);
    }

    /** The registry's own words, without the name of the repository in front. */
    private String pushError() {
        String text = failed != null && failed.error().startsWith(PUSH) ? Printable.lines(failed.error()) : message;
        int colon = text.startsWith(PUSH + request.output().repository() + ": ")
                ? (PUSH + request.output().repository() + ": ").length()
                : 0;
        return text.substring(colon);
    }

    private boolean isMainSource() {
        boolean ofContext = failed != null
                && (failed.name().startsWith("[internal] load git source")
                        || failed.name().startsWith("[internal] resolve main build context metadata"));
        return inputs.git() != null
                && (ofContext
                        || message.startsWith("failed to read dockerfile: invalid subdir")
                        || message.startsWith("failed to read dockerfile: failed to fetch remote")
                        || message.startsWith("failed to read dockerfile: failed to checkout remote"));
    }

    /** Of the vertex, not of the text: that is written by whoever wrote the Dockerfile. */
    private Optional<String> pulledImage() {
        if (failed == null) {
            return Optional.empty();
        }
        String name = failed.name();
        for (String prefix : new String[] {LOAD_METADATA, RESOLVE_FRONTEND}) {
            if (name.startsWith(prefix)) {
                return Optional.of(name.substring(prefix.length()));
            }
        }
        String instruction = failed.step().map(StepName::instruction).orElse(name);
        return instruction.startsWith("FROM ")
                ? Optional.of(instruction.substring("FROM ".length()).strip())
                : Optional.empty();
    }

    private boolean isDaemonGone() {
        return contains(
                message,
                "connection error: desc",
                "error reading from server",
                "transport is closing",
                "failed to list workers",
                "closing transport",
                "no active session",
                "session healthcheck failed",
                "connection reset by peer: unavailable");
    }

    private boolean isAboutDockerfile() {
        return contains(
                message,
                "dockerfile parse error",
                "failed to read dockerfile",
                "the dockerfile cannot be empty",
                "file with no instructions",
                "no build stage in current context",
                "target stage ");
    }

    private Diagnosis dockerfile(String text) {
        if (message.startsWith("failed to read dockerfile: open ")) {
            GitContext git = inputs.git();
            String folder = git == null || git.folder().isEmpty() ? "" : ", folder \"" + git.folder() + "\"";
            String name = request.dockerfile().path();
            return plain(
                    FailureReason.InvalidDockerfile,
                    "There is no Dockerfile \"" + name + "\" in the source" + folder
                            + ". Set spec.dockerfile.path, relative to the" + " folder that is the build context.");
        }
        if (message.startsWith("target stage ")) {
            return plain(
                    FailureReason.InvalidDockerfile,
                    "The Dockerfile has no stage \"" + request.target() + "\". Correct spec.target.");
        }
        if (message.startsWith("invalid SOURCE_DATE_EPOCH: context")) {
            return at(
                    FailureReason.InvalidDockerfile,
                    "The frontend of the Dockerfile's # syntax= line is too old to use the commit's time. Write"
                            + " docker/dockerfile:1 there, or set spec.output.sourceDateEpoch to a number of seconds.",
                    null);
        }
        return at(FailureReason.InvalidDockerfile, text, null);
    }

    private String step() {
        String instruction = instruction();
        return instruction == null ? "A step" : '"' + instruction + '"';
    }

    /** As the graph knows it, variables replaced; else as the Dockerfile has it. */
    private @Nullable String instruction() {
        if (failed != null && failed.step().isPresent()) {
            return shown(failed);
        }
        String written = errors.instruction();
        return written == null ? null : Printable.cut(written, MAX_STEP);
    }

    private String at() {
        String location = errors.location();
        return location == null ? "" : " at " + location;
    }

    private Diagnosis at(FailureReason reason, String text, @Nullable Integer exitCode) {
        String tail = failed == null ? null : tail(failed);
        return new Diagnosis(reason, text, instruction(), errors.location(), exitCode, tail, null);
    }

    private static Diagnosis plain(FailureReason reason, String text) {
        return Diagnosis.of(reason, text);
    }

    private @Nullable Integer exitCode() {
        int after = message.lastIndexOf(PROCESS);
        int start = after < 0 ? -1 : message.indexOf(EXIT_CODE, after);
        if (start < 0) {
            return null;
        }
        int from = start + EXIT_CODE.length();
        int to = from;
        while (to < message.length() && to - from < 9 && Character.isDigit(message.charAt(to))) {
            to++;
        }
        return to == from ? null : Integer.valueOf(message.substring(from, to));
    }

    /** BuildKit's internal names say nothing to the user. */
    private static String withoutNoise(String text) {
        int quote = text.indexOf("failed to calculate checksum of ref ");
        int colon = quote < 0 ? -1 : text.indexOf(": ", quote);
        return colon < 0 ? text : text.substring(colon + 2);
    }

    static boolean contains(String text, String... parts) {
        String lower = text.toLowerCase(Locale.ROOT);
        for (String part : parts) {
            if (lower.contains(part)) {
                return true;
            }
        }
        return false;
    }
}
