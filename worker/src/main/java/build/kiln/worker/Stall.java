package build.kiln.worker;

import build.kiln.protocol.BuildRequest;
import build.kiln.protocol.FailureReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A build that made no progress for too long, with the evidence that was taken before it was stopped.
 *
 * @param running what was running
 * @param evidence what the launcher saw
 */
record Stall(List<Operation> running, Optional<SidecarEvidence> evidence) {
    private static final int MAX_SHOWN = 100;
    private static final int MAX_REPORTED = 12;

    /** Looks before anything is stopped. */
    static Stall observe(BuildGraph graph, WorkerSettings settings) throws InterruptedException {
        List<Operation> running = graph.operations().stream()
                .filter(operation -> operation.number() > 0 && operation.isRunning())
                .toList();
        return new Stall(running, SidecarEvidence.read(settings.evidence()));
    }

    /** For the log: everything. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (Operation operation : running) {
            lines.add("stalled in #" + operation.number() + " " + FailureClassifier.shown(operation));
        }
        processes().limit(MAX_SHOWN).forEach(process -> lines.add("stalled with process " + process));
        return lines;
    }

    /** For the result: the last operation that started, its output, and the processes of the daemon's container. */
    Diagnosis diagnosis(BuildRequest request) {
        Optional<Operation> last = running.stream().reduce((first, second) -> second);
        String step = last.map(FailureClassifier::shown).orElse(null);
        String during = step == null ? "" : " in \"" + step + "\"";
        List<String> tail = new ArrayList<>();
        last.map(FailureClassifier::tail).ifPresent(tail::add);
        List<String> processes = processes().limit(MAX_REPORTED).toList();
        if (!processes.isEmpty()) {
            tail.add("processes of the daemon's container:");
            tail.addAll(processes);
        }
        return new Diagnosis(
                FailureReason.BuildStalled,
                "The build made no progress for " + request.stallTimeoutSeconds() + " s" + during
                        + " and was stopped. If the step works silently for that long, raise spec.stallTimeoutSeconds;"
                        + " else look at what it waits for.",
                step,
                null,
                null,
                tail.isEmpty() ? null : String.join("\n", tail),
                null);
    }

    private Stream<String> processes() {
        return evidence.stream().flatMap(seen -> seen.processes().stream()).map(SidecarEvidence.SidecarProcess::shown);
    }
}
