package build.kiln.operator.status;

import build.kiln.api.v1alpha1.Condition;
import build.kiln.api.v1alpha1.Condition.Status;
import build.kiln.api.v1alpha1.Failure;
import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Run.Cause;
import build.kiln.api.v1alpha1.Run.Phase;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The conditions that belong to each state of a run. {@code Ready} and {@code Finished} are always there; {@code Reconciling}
 * and {@code Stalled} only while they are True, and never together, as kstatus expects it. {@code CacheCold} and
 * {@code ProfileUnsupported} stand beside them and change nothing in what they say.
 */
final class ConditionTable {
    private static final String READY = "Ready";
    private static final String RECONCILING = "Reconciling";
    private static final String STALLED = "Stalled";
    private static final String FINISHED = "Finished";
    private static final String CACHE_COLD = "CacheCold";
    private static final String PROFILE_UNSUPPORTED = "ProfileUnsupported";

    private final BuildIdentity identity;
    private final ImageBuildSpec spec;
    private final @Nullable Run run;
    private final List<PlatformStatus> platforms;
    private final @Nullable Failure failure;
    private final Prospect prospect;
    private final List<ColdCacheMessage> coldCache;
    private final Optional<ProfileMessage> profile;

    /**
     * @param identity of the object
     * @param spec of the object
     * @param record run, platforms and failure
     * @param prospect what has to be told besides
     */
    ConditionTable(BuildIdentity identity, ImageBuildSpec spec, ImageBuildStatus record, Prospect prospect) {
        this.identity = identity;
        this.spec = spec;
        this.run = record.run();
        this.platforms = Objects.requireNonNullElse(record.platforms(), List.of());
        this.failure = record.failure();
        this.prospect = prospect;
        this.coldCache = ColdCacheMessage.of(record);
        this.profile = ProfileMessage.of(record);
    }

    List<Condition> conditions(List<Condition> previous, Instant now) {
        Stream<Row> cold = coldCache.stream()
                .map(message ->
                        new Row(CACHE_COLD, Status.True, message.reason().name(), message.text()));
        Stream<Row> unsupported = profile.stream()
                .map(message -> new Row(PROFILE_UNSUPPORTED, Status.True, message.reason(), message.text()));
        return Stream.of(rows().stream(), cold, unsupported)
                .flatMap(all -> all)
                .map(row -> condition(row, previous, now))
                .toList();
    }

    private record Row(String type, Status status, String reason, String message) {}

    private List<Row> rows() {
        if (run != null && !isFinal(run)) {
            return underWay(ProgressMessage.of(identity, spec, run, platforms).before(prospect));
        }
        return switch (prospect) {
            case Prospect.Invalid invalid ->
                failed(FailureReason.InvalidSpec.name(), "Failed", MessageText.bounded(invalid.message()));
            case Prospect.Due due -> underWay(ProgressMessage.due(due.cause()));
            case Prospect.Suspended suspended when isWithoutImage(suspended.cause()) -> suspended();
            case Prospect.Suspended _, Prospect.Settled _ -> run == null ? suspended() : ended(run);
        };
    }

    /** Whether no image of this spec exists; what else starts runs only renews an image of this spec. */
    private static boolean isWithoutImage(Cause cause) {
        return switch (cause) {
            case Initial, InputsChanged -> true;
            case Requested, Scheduled, SourceMoved, BaseImageMoved -> false;
        };
    }

    private List<Row> ended(Run ended) {
        return switch (Objects.requireNonNullElse(ended.phase(), Phase.Failed)) {
            case Succeeded -> succeeded(message(ended, "Published."));
            case Cancelled ->
                failed(
                        reason(FailureReason.Cancelled),
                        FailureReason.Cancelled.name(),
                        message(ended, "The run was cancelled."));
            case Failed, Resolving, Building, Publishing ->
                failed(reason(FailureReason.BuildFailed), "Failed", message(ended, "The build failed."));
        };
    }

    private static List<Row> suspended() {
        String message = "spec.suspend is true: no run starts. Remove it, or set it to false, to build.";
        return List.of(
                new Row(READY, Status.False, "Suspended", message),
                new Row(FINISHED, Status.False, "Suspended", message));
    }

    private static boolean isFinal(Run run) {
        return run.phase() != null && run.phase().isFinal();
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

    private static String message(Run ended, String fallback) {
        return MessageText.bounded(Objects.requireNonNullElse(ended.message(), fallback));
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
