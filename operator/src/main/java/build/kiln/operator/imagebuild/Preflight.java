package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.api.v1alpha1.Refusal;
import build.kiln.api.v1alpha1.Run;
import build.kiln.operator.preflight.Experience;
import build.kiln.operator.preflight.Symptom;
import build.kiln.operator.worker.WorkerExperience;
import build.kiln.operator.worker.WorkerLabels;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What workers in a build's namespace met on their nodes. Those of other namespaces do not count: their pods say what their
 * tenants want. Survives the operator, because it is read from pods, and from the record of pods that are gone.
 *
 * @param ofRun what the pods of the present run met; holds until the run ends
 * @param others what others met within the last hour; holds as long as it leaves a choice
 * @param podSecurity level that the namespace enforces; null for none
 */
record Preflight(
        List<Experience> ofRun,
        List<Experience> others,
        @Nullable String podSecurity) {
    /** Nobody has met anything. */
    static final Preflight NOTHING = new Preflight(List.of(), List.of(), null);

    /** Somebody may have mended the node since, and a start in vain costs seconds. */
    static final Duration MEMORY = Duration.ofHours(1);

    Preflight {
        ofRun = List.copyOf(ofRun);
        others = List.copyOf(others);
    }

    /**
     * @param build whose run it is
     * @param pods worker pods of its namespace
     * @param records of the builds of its namespace
     * @param podSecurity level that the namespace enforces; empty for none
     * @param now the moment
     */
    static Preflight of(
            ImageBuild build,
            Collection<Pod> pods,
            Collection<Refusal> records,
            Optional<String> podSecurity,
            Instant now) {
        @Nullable Run run = build.getStatus() == null ? null : build.getStatus().run();
        int number = run == null ? 0 : run.number();
        List<Experience> ofRun = new ArrayList<>();
        List<Experience> others = new ArrayList<>();
        for (Pod pod : pods) {
            boolean own = WorkerPods.isOwned(build, pod) && WorkerLabels.run(pod) == number;
            WorkerExperience.of(pod).ifPresent(met -> (own ? ofRun : others).add(met));
        }
        for (Refusal record : refusals(build.getStatus())) {
            experience(record).ifPresent(met -> (record.run() == number ? ofRun : others).add(met));
        }
        for (Refusal record : records) {
            experience(record).ifPresent(others::add);
        }
        return new Preflight(
                ofRun, others.stream().filter(met -> isFresh(met.time(), now)).toList(), podSecurity.orElse(null));
    }

    static boolean isFresh(Instant time, Instant now) {
        return now.isBefore(time.plus(MEMORY));
    }

    /** The same for a run that has no pods yet. */
    Preflight ofNewRun() {
        return new Preflight(
                List.of(), Stream.concat(ofRun.stream(), others.stream()).toList(), podSecurity);
    }

    /** Why a pod of the present run was refused; empty when it was not. */
    Optional<Symptom> refusal(@Nullable String pod) {
        return ofRun.stream()
                .filter(met -> met.pod().equals(pod))
                .map(Experience::symptom)
                .filter(Objects::nonNull)
                .findFirst();
    }

    /** What a build has recorded of pods that nodes could not run. */
    static List<Refusal> refusals(@Nullable ImageBuildStatus status) {
        return status == null ? List.of() : Objects.requireNonNullElse(status.refusals(), List.of());
    }

    /** Empty for a word of another release. */
    static Optional<Experience> experience(Refusal record) {
        @Nullable Profile profile = record.profile();
        return profile == null
                ? Optional.empty()
                : Symptom.named(record.reason())
                        .map(symptom ->
                                new Experience("", record.nodeName(), profile, symptom, Instant.parse(record.time())));
    }
}
