package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.ImageBuildStatusBuilder;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.api.v1alpha1.Refusal;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.preflight.Experience;
import build.kiln.operator.preflight.Symptom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What is recorded of pods that their nodes could not run, and whether another pod may do better. Pure. */
final class Refusals {
    /** Each rules out the nodes that are like its own; nodes that come and go must not make it endless. */
    private static final int MOST_GIVING_WAY = 8;

    private static final int MOST_RECORDED = 8;

    private Refusals() {}

    /** Whether a pod of another profile, or on another node, may be worth an attempt. */
    static boolean mayGiveWay(PlatformStatus refused, Symptom symptom) {
        int failed =
                refused.failedAttempts() == null ? 0 : refused.failedAttempts().size();
        return PlatformProgress.attempt(refused) - failed <= MOST_GIVING_WAY
                && symptom.concern() != Symptom.Concern.INSTALLATION;
    }

    /** The record with what pods of the run have met since. */
    static ImageBuildStatus recorded(ObservedBuild build, ImageBuildStatus status, Run run) {
        List<Refusal> known = Preflight.refusals(status);
        List<Refusal> found = new ArrayList<>();
        for (Experience met : build.preflight().ofRun()) {
            refusal(met, run)
                    .filter(refusal ->
                            Stream.concat(known.stream(), found.stream()).noneMatch(other -> isSame(refusal, other)))
                    .ifPresent(found::add);
        }
        if (found.isEmpty()) {
            return status;
        }
        return ImageBuildStatusBuilder.builder(status)
                .refusals(Stream.concat(found.stream(), known.stream().filter(other -> counts(other, build.now())))
                        .limit(MOST_RECORDED)
                        .toList())
                .build();
    }

    /** The same without what counts no more. */
    static @Nullable List<Refusal> fresh(ObservedBuild build) {
        List<Refusal> fresh = Preflight.refusals(build.status()).stream()
                .filter(refusal -> counts(refusal, build.now()))
                .toList();
        return fresh.isEmpty() ? null : fresh;
    }

    private static boolean counts(Refusal refusal, Instant now) {
        return Preflight.isFresh(Instant.parse(refusal.time()), now);
    }

    private static Optional<Refusal> refusal(Experience met, Run run) {
        Symptom symptom = met.symptom();
        return symptom == null || met.pod().isEmpty()
                ? Optional.empty()
                : Optional.of(new Refusal(
                        met.node(),
                        met.profile(),
                        symptom.name(),
                        run.number(),
                        met.time().toString()));
    }

    private static boolean isSame(Refusal one, Refusal other) {
        return one.run() == other.run()
                && one.nodeName().equals(other.nodeName())
                && one.profile() == other.profile()
                && one.reason().equals(other.reason());
    }
}
