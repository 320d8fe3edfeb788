package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.FailureReason;
import build.kiln.api.v1alpha1.HistoryEntry;
import build.kiln.api.v1alpha1.HistoryEntry.Result;
import build.kiln.api.v1alpha1.HistoryEntryBuilder;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.Run;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The runs that ended. It follows from two statuses, so that no way to end a run can forget it. */
final class History {
    static final int MAX_ENTRIES = 10;

    private History() {}

    /** The newest image that was built from these inputs. */
    static Optional<HistoryEntry> ofInputs(ImageBuildStatus status, @Nullable String inputHash) {
        return entries(status).stream()
                .filter(entry -> entry.image() != null && Objects.equals(entry.inputHash(), inputHash))
                .findFirst();
    }

    static Optional<HistoryEntry> ofRun(ImageBuildStatus status, int run) {
        return entries(status).stream().filter(entry -> entry.run() == run).findFirst();
    }

    /** The status with what has ended since the one before. */
    static ImageBuildStatus recorded(ImageBuildStatus before, ImageBuildStatus after, Instant now) {
        Run run = after.run();
        if (run == null) {
            return after;
        }
        List<HistoryEntry> entries = entries(after);
        Run last = before.run();
        if (last != null && last.number() != run.number() && !hasEnded(before, last)) {
            entries = with(entries, entry(last, Result.Replaced, now), after.image());
        }
        Result result = result(run);
        if (result != null) {
            entries = with(entries, ended(after, run, result, now), after.image());
        }
        return ImageBuildStatusBuilder.builder(after)
                .history(entries.isEmpty() ? null : entries)
                .build();
    }

    /** A run whose tags are moved later on ended long before. */
    private static boolean hasEnded(ImageBuildStatus status, Run run) {
        return RunPlanner.phase(run).isFinal() || ofRun(status, run.number()).isPresent();
    }

    private static HistoryEntry ended(ImageBuildStatus status, Run run, Result result, Instant now) {
        return switch (result) {
            case Succeeded, Reused -> {
                HistoryEntry entry = HistoryEntryBuilder.builder(entry(run, result, now))
                        .image(status.image())
                        .tags(status.tags())
                        .build();
                // Moving tags later on takes nothing from what was true of the run.
                yield ofRun(status, run.number())
                        .filter(known -> known.image() != null)
                        .map(known -> HistoryEntryBuilder.builder(known)
                                .tags(entry.tags())
                                .build())
                        .orElse(entry);
            }
            case Failed, Cancelled, Replaced ->
                ofRun(status, run.number())
                        .filter(known -> known.image() != null)
                        .orElseGet(() -> HistoryEntryBuilder.builder(entry(run, result, now))
                                .reason(reason(status))
                                .build());
        };
    }

    private static HistoryEntry entry(Run run, Result result, Instant now) {
        return HistoryEntryBuilder.builder()
                .run(run.number())
                .cause(run.cause())
                .commit(run.commit())
                .inputHash(run.inputHash())
                .result(result)
                .startTime(run.startTime())
                .durationSeconds(seconds(run, now))
                .build();
    }

    /** Newest first. Entries beyond the last are dropped, but never that of the present image: its inputs may come back. */
    private static List<HistoryEntry> with(List<HistoryEntry> entries, HistoryEntry added, @Nullable String image) {
        List<HistoryEntry> all = new ArrayList<>(entries);
        all.removeIf(entry -> entry.run() == added.run());
        all.add(added);
        all.sort(Comparator.comparingInt(HistoryEntry::run).reversed());
        for (int i = all.size() - 1; all.size() > MAX_ENTRIES && i >= 0; i--) {
            HistoryEntry entry = all.get(i);
            boolean present =
                    image != null && ofImage(all, image).filter(entry::equals).isPresent();
            if (!present) {
                all.remove(i);
            }
        }
        return List.copyOf(all);
    }

    private static Optional<HistoryEntry> ofImage(List<HistoryEntry> entries, String image) {
        return entries.stream().filter(entry -> image.equals(entry.image())).findFirst();
    }

    private static @Nullable Result result(Run run) {
        return switch (RunPlanner.phase(run)) {
            case Resolving, Building, Publishing -> null;
            case Succeeded -> run.reusedRun() == null ? Result.Succeeded : Result.Reused;
            case Failed -> Result.Failed;
            case Cancelled -> Result.Cancelled;
        };
    }

    private static @Nullable FailureReason reason(ImageBuildStatus status) {
        return status.failure() == null ? null : status.failure().reason();
    }

    private static @Nullable Long seconds(Run run, Instant now) {
        if (run.startTime() == null) {
            return null;
        }
        Instant end = run.completionTime() == null ? now : Instant.parse(run.completionTime());
        return Math.max(0, Duration.between(Instant.parse(run.startTime()), end).toSeconds());
    }

    private static List<HistoryEntry> entries(ImageBuildStatus status) {
        return Objects.requireNonNullElse(status.history(), List.of());
    }
}
