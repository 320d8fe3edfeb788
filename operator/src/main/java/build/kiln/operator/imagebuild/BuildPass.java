package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Source;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.operator.credentials.CredentialResult;
import build.kiln.operator.publish.PlatformResult;
import build.kiln.operator.source.Resolution;
import build.kiln.operator.status.BuildIdentity;
import build.kiln.operator.worker.DesiredPod;
import build.kiln.operator.worker.WorkerAssignment;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Carries out decisions for one build, during one reconciliation. */
final class BuildPass {
    private final BuildTools tools;
    private final PodObserver observer;
    private @Nullable CredentialResult credentials;

    BuildPass(BuildTools tools, PodObserver observer) {
        this.tools = tools;
        this.observer = observer;
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
        return withCredentials(
                build,
                observed,
                read -> tools.outcomes()
                        .published(observed, tools.services().publication().publish(build, results, read)));
    }

    /**
     * Creates pods, all at the same time.
     *
     * @return what to record; empty when all are there, which the next look shows
     */
    Optional<ImageBuildStatus> create(ImageBuild build, ObservedBuild observed, List<WorkerAssignment> assignments)
            throws InterruptedException {
        CredentialResult read = credentials(build);
        return switch (read) {
            case BuildCredentials usable -> refusal(observed, createAll(build, assignments, usable));
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

    private List<PodCreation> createAll(ImageBuild build, List<WorkerAssignment> assignments, BuildCredentials usable)
            throws InterruptedException {
        List<PodCreation> creations = new ArrayList<>();
        try (ExecutorService threads = tools.threads().get()) {
            List<Future<PodCreation>> futures = new ArrayList<>();
            for (WorkerAssignment assignment : assignments) {
                futures.add(threads.submit(() -> create(build, assignment, usable)));
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

    private PodCreation create(ImageBuild build, WorkerAssignment assignment, BuildCredentials usable) {
        return switch (tools.factory().create(build, assignment, usable)) {
            case DesiredPod.Ready ready -> {
                Pod pod = ready.pod();
                yield tools.pods().create(build, pod);
            }
            case DesiredPod.Refused refused -> new PodCreation.Refused(refused.reason(), refused.message(), false);
        };
    }

    private ImageBuildStatus withCredentials(
            ImageBuild build, ObservedBuild observed, Function<BuildCredentials, ImageBuildStatus> act)
            throws InterruptedException {
        return switch (credentials(build)) {
            case CredentialResult.Unavailable unavailable -> tools.outcomes().withoutCredentials(observed, unavailable);
            case BuildCredentials usable -> {
                tools.outbound().acquire();
                try {
                    yield act.apply(usable);
                } finally {
                    tools.outbound().release();
                }
            }
        };
    }

    private CredentialResult credentials(ImageBuild build) {
        CredentialResult known = credentials;
        if (known == null) {
            known = tools.services().credentials().read(build);
            credentials = known;
        }
        return known;
    }
}
