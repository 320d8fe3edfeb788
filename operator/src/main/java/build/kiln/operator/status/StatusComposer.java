package build.kiln.operator.status;

import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Summary;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Derives what follows from a run's record: observed generation, conditions and the columns of {@code kubectl get}. */
public final class StatusComposer {
    private static final int REVISION_LENGTH = 7;

    private StatusComposer() {}

    /**
     * Completes a record. Composing a complete status again changes nothing.
     *
     * @param identity of the object, with the generation that the record takes into account
     * @param spec of the object
     * @param unbounded record, which may be too long to be kept: run, platforms, image and failure
     * @param prospect what the conditions have to tell besides how far the run has come
     * @param previous the status so far; times of conditions that do not change come from it
     * @param now for conditions that change
     */
    public static ImageBuildStatus compose(
            BuildIdentity identity,
            ImageBuildSpec spec,
            ImageBuildStatus unbounded,
            Prospect prospect,
            ImageBuildStatus previous,
            Instant now) {
        ImageBuildStatus record = StatusBudget.fit(unbounded);
        Run run = record.run();
        List<PlatformStatus> platforms = Objects.requireNonNullElse(record.platforms(), List.of());
        return ImageBuildStatusBuilder.builder(record)
                .observedGeneration(identity.generation())
                .conditions(new ConditionTable(identity, spec, record, prospect)
                        .conditions(Objects.requireNonNullElse(previous.conditions(), List.of()), now))
                .platforms(run == null ? null : platforms)
                .summary(run == null ? null : summary(run, platforms))
                .build();
    }

    private static Summary summary(Run run, List<PlatformStatus> platforms) {
        long done = platforms.stream()
                .filter(platform -> platform.state() == PlatformStatus.State.Succeeded)
                .count();
        String commit = run.commit();
        return new Summary(
                platforms.isEmpty() ? null : done + "/" + platforms.size(),
                commit == null ? null : commit.substring(0, Math.min(REVISION_LENGTH, commit.length())),
                duration(run),
                cache(platforms));
    }

    private static @Nullable String duration(Run run) {
        if (run.startTime() == null || run.completionTime() == null) {
            return null;
        }
        return Durations.text(Duration.between(Instant.parse(run.startTime()), Instant.parse(run.completionTime())));
    }

    private static @Nullable String cache(List<PlatformStatus> platforms) {
        long total = 0;
        long cached = 0;
        for (PlatformStatus platform : platforms) {
            total += Objects.requireNonNullElse(platform.totalSteps(), 0);
            cached += Objects.requireNonNullElse(platform.cachedSteps(), 0);
        }
        return total == 0 ? null : cached * 100 / total + "%";
    }
}
