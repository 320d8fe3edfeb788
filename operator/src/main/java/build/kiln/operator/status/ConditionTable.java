package build.kiln.operator.status;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.Condition.Status;
import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Phase;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The conditions that belong to each state of a run. {@code Ready} and {@code Finished} are always there; {@code Reconciling}
 * and {@code Stalled} only while they are True, and never together, as kstatus expects it.
 */
final class ConditionTable {
    private static final String READY = "Ready";
    private static final String RECONCILING = "Reconciling";
    private static final String STALLED = "Stalled";
    private static final String FINISHED = "Finished";

    private final BuildIdentity identity;
    private final ImageBuildSpec spec;
    private final Run run;
    private final List<PlatformStatus> platforms;
    private final @Nullable Failure failure;

    ConditionTable(
            BuildIdentity identity,
            ImageBuildSpec spec,
            Run run,
            List<PlatformStatus> platforms,
            @Nullable Failure failure) {
        this.identity = identity;
        this.spec = spec;
        this.run = run;
        this.platforms = platforms;
        this.failure = failure;
    }

    List<Condition> conditions(List<Condition> previous, Instant now) {
        return rows().stream().map(row -> condition(row, previous, now)).toList();
    }

    private record Row(String type, Status status, String reason, String message) {}

    private List<Row> rows() {
        return switch (Objects.requireNonNullElse(run.phase(), Phase.Resolving)) {
            case Resolving, Building, Publishing -> underWay(ProgressMessage.of(identity, spec, run, platforms));
            case Succeeded -> succeeded(message("Published."));
            case Failed -> failed(reason(FailureReason.BuildFailed), "Failed", message("The build failed."));
            case Cancelled ->
                failed(reason(FailureReason.Cancelled), FailureReason.Cancelled.name(), message("Cancelled."));
        };
    }

    private static List<Row> underWay(ProgressMessage progress) {
        return List.of(
                new Row(READY, Status.Unknown, progress.reason(), progress.text()),
                new Row(RECONCILING, Status.True, progress.reason(), progress.text()),
                new Row(FINISHED, Status.False, progress.reason(), progress.text()));
    }

    private static List<Row> succeeded(String message) {
        return List.of(
                new Row(READY, Status.True, "Succeeded", message),
                new Row(FINISHED, Status.True, "Succeeded", message));
    }

    private static List<Row> failed(String reason, String finished, String message) {
        return List.of(
                new Row(READY, Status.False, reason, message),
                new Row(STALLED, Status.True, reason, message),
                new Row(FINISHED, Status.True, finished, message));
    }

    private String reason(FailureReason fallback) {
        return (failure == null ? fallback : failure.reason()).name();
    }

    private String message(String fallback) {
        return MessageText.bounded(Objects.requireNonNullElse(run.message(), fallback));
    }

    private Condition condition(Row row, List<Condition> previous, Instant now) {
        String since = previous.stream()
                .filter(condition -> condition.type().equals(row.type()) && condition.status() == row.status())
                .map(Condition::lastTransitionTime)
                .findFirst()
                .orElseGet(() -> now.truncatedTo(ChronoUnit.SECONDS).toString());
        return new Condition(row.type(), row.status(), identity.generation(), since, row.reason(), row.message());
    }
}
