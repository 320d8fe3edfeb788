package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Source;
import build.kiln.operator.admission.AdmissionVerdict.Wait;
import build.kiln.operator.admission.Turn;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.operator.credentials.CredentialResult;
import build.kiln.operator.failure.Diagnosis;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.publish.PublishOutcome;
import build.kiln.operator.source.Resolution;
import build.kiln.operator.status.BuildIdentity;
import build.kiln.operator.worker.DesiredPod;
import build.kiln.operator.worker.WorkerAssignment;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Carries out decisions for one build, during one reconciliation. */
final class BuildPass {
    private final BuildTools tools;
    private final PodObserver observer;
    private final CacheClaims claims;
    private final PlatformTurns.Pass turns;
    private @Nullable CredentialResult credentials;
    private @Nullable ImageBuildSpec credentialsOf;

    BuildPass(BuildTools tools, PodObserver observer, CacheClaims claims, PlatformTurns.Pass turns) {
        this.tools = tools;
        this.observer = observer;
        this.claims = claims;
        this.turns = turns;
    }

    /**
     * Asks the git server.
     *
     * @return what to record of it
     */
    ImageBuildStatus resolve(ImageBuild build, ObservedBuild observed) throws InterruptedException {
        Source.Git git = Objects.requireNonNull(build.getSpec().source().git(), "only a git source is resolved");
        return withCredentials(build, observed, read -> {
            Resolution resolution = tools.services().revisions().resolve(git, read.git());
            return tools.outcomes().resolved(observed, resolution);
        });
    }

    /**
     * Makes one image of the results.
     *
     * @return what to record of it
     */
    ImageBuildStatus publish(ImageBuild build, ObservedBuild observed, List<PlatformResult> results)
            throws InterruptedException {
        return withCredentials(build, observed, read -> {
            PublishOutcome outcome = tools.services().publication().publish(build, results, read);
            return told(build, observed, outcome)
                    .orElseGet(() -> tools.outcomes().published(observed, outcome));
        });
    }

    /** Right after the tags: other tools hear of the image; or what to record because they cannot. */
    private Optional<ImageBuildStatus> told(ImageBuild build, ObservedBuild observed, PublishOutcome outcome) {
        Run run = Objects.requireNonNull(observed.status().run(), "what is published belongs to a run");
        return outcome instanceof PublishOutcome.Published published
                ? tools.results()
                        .write(
                                build,
                                new PublishedResult(
                                        published.repository(), published.digest(), published.tags(), run.commit()))
                        .map(problem -> tools.outcomes().untold(observed, problem))
                : Optional.empty();
    }

    /**
     * Moves the tags to an image that was published before.
     *
     * @param image repository@digest
     * @return what to record of it
     */
    ImageBuildStatus tag(ImageBuild build, ObservedBuild observed, String image) throws InterruptedException {
        String digest = image.substring(image.indexOf('@') + 1);
        return withCredentials(build, observed, read -> {
            PublishOutcome outcome = tools.services().publication().tag(build, digest, read);
            return told(build, observed, outcome)
                    .orElseGet(() -> tools.outcomes().tagged(observed, outcome));
        });
    }

    /**
     * Puts temporary tags on results.
     *
     * @return what to record of it
     */
    ImageBuildStatus protect(ImageBuild build, ObservedBuild observed, List<PlatformResult> results)
            throws InterruptedException {
        return bestEffort(
                build,
                observed,
                ResultProtection.protectedResults(observed.status(), results),
                read -> tools.services().publication().protect(build, results, read));
    }

    /**
     * Removes temporary tags.
     *
     * @return what to record of it
     */
    ImageBuildStatus release(ImageBuild build, ObservedBuild observed, List<PlatformResult> results)
            throws InterruptedException {
        return bestEffort(
                build,
                observed,
                ResultProtection.released(observed.status(), results),
                read -> tools.services().publication().release(build, results, read));
    }

    /** Without credentials there is nothing to do it with, which is no reason to fail a run. */
    private ImageBuildStatus bestEffort(
            ImageBuild build, ObservedBuild observed, ImageBuildStatus after, Consumer<BuildCredentials> act)
            throws InterruptedException {
        if (credentials(build) instanceof CredentialResult.Unavailable) {
            return after;
        }
        return withCredentials(build, observed, read -> {
            act.accept(read);
            return after;
        });
    }

    /**
     * Creates the pods whose turn it is, all at the same time.
     *
     * @return what to record; empty when all are there or have to wait, which the next look shows
     */
    Optional<ImageBuildStatus> create(ImageBuild build, ObservedBuild observed, List<WorkerAssignment> assignments)
            throws InterruptedException {
        Turn turn = turns.take(build, assignments);
        try {
            List<WorkerAssignment> admitted = PlatformTurns.admitted(build, assignments, turn);
            return admitted.isEmpty() ? Optional.empty() : createNow(build, observed, admitted, turn);
        } finally {
            turns.giveBack(turn, build, assignments);
        }
    }

    /** Why platforms may not start yet, by the names of their pods. */
    Map<String, Wait> waits() {
        return turns.waits();
    }

    private Optional<ImageBuildStatus> createNow(
            ImageBuild build, ObservedBuild observed, List<WorkerAssignment> assignments, Turn turn)
            throws InterruptedException {
        CredentialResult read = credentials(build);
        return switch (read) {
            case BuildCredentials usable -> refusal(observed, createAll(build, assignments, usable, turn));
            case CredentialResult.Unavailable unavailable ->
                Optional.of(tools.outcomes().withoutCredentials(observed, unavailable));
        };
    }

    void delete(ImageBuild build, List<String> names) {
        for (String name : names) {
            tools.pods().delete(BuildIdentity.of(build), name);
            observer.deleted(name);
        }
    }

    void deleteClaims(ImageBuild build, List<String> names) {
        claims.delete(build, names);
    }

    void ownClaims(ImageBuild build, Decision.OwnClaims own) {
        claims.own(build, own.names(), own.owned());
    }

    private Optional<ImageBuildStatus> refusal(ObservedBuild observed, List<PodCreation> creations) {
        List<PodCreation.Refused> refusals = new ArrayList<>();
        for (PodCreation creation : creations) {
            switch (creation) {
                case PodCreation.Created created -> observer.created(created.pod());
                case PodCreation.Refused refused -> refusals.add(refused);
            }
        }
        return refusals.isEmpty()
                ? Optional.empty()
                : Optional.of(tools.outcomes().refused(observed, ActOutcomes.worst(refusals)));
    }

    private List<PodCreation> createAll(
            ImageBuild build, List<WorkerAssignment> assignments, BuildCredentials usable, Turn turn)
            throws InterruptedException {
        List<PodCreation> creations = new ArrayList<>();
        try (ExecutorService threads = tools.threads().get()) {
            List<Future<PodCreation>> futures = new ArrayList<>();
            for (WorkerAssignment assignment : assignments) {
                futures.add(threads.submit(() -> create(build, assignment, usable, turn)));
            }
            for (Future<PodCreation> future : futures) {
                creations.add(future.get());
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IllegalStateException("creating a worker pod failed", e);
            }
        }
        return creations;
    }

    private PodCreation create(ImageBuild build, WorkerAssignment assignment, BuildCredentials usable, Turn turn) {
        return switch (tools.factory().create(build, assignment, usable)) {
            case DesiredPod.Ready ready -> {
                Pod pod = PlatformTurns.marked(ready.pod(), turn);
                String claim = assignment.claimName();
                yield (claim == null ? Optional.<Diagnosis>empty() : claims.ensure(build, assignment.platform(), claim))
                        .<PodCreation>map(PodCreation.Refused::new)
                        .orElseGet(() -> tools.pods().create(build, pod));
            }
            case DesiredPod.Refused refused -> new PodCreation.Refused(refused.diagnosis());
        };
    }

    private ImageBuildStatus withCredentials(
            ImageBuild build, ObservedBuild observed, Function<BuildCredentials, ImageBuildStatus> act)
            throws InterruptedException {
        return switch (credentials(build)) {
            case CredentialResult.Unavailable unavailable -> tools.outcomes().withoutCredentials(observed, unavailable);
            case BuildCredentials usable -> tools.outbound(() -> act.apply(usable));
        };
    }

    private CredentialResult credentials(ImageBuild build) {
        CredentialResult known = credentials;
        if (known == null || !build.getSpec().equals(credentialsOf)) {
            known = tools.services().credentials().read(build);
            credentials = known;
            credentialsOf = build.getSpec();
        }
        return known;
    }
}
