package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.Run;
import build.kiln.api.v1alpha1.Source;
import build.kiln.operator.credentials.BuildCredentials;
import build.kiln.operator.credentials.CredentialResult;
import build.kiln.operator.imagebuild.PollMemory.Kind;
import build.kiln.operator.publish.ImageResolution;
import build.kiln.operator.source.Resolution;
import build.kiln.operator.status.Transitions;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks servers whether something moved. Only that it has is recorded. A server that does not answer is no failure of the build:
 * it is logged and counted, told with an event when it lasts, and asked again after the interval.
 */
final class PollPass {
    private static final Logger LOG = LoggerFactory.getLogger(PollPass.class);

    /** In a row, before users are told. */
    private static final int LASTING = 3;

    private final BuildTools tools;
    private final PollMemory memory;
    private final BuildPorts ports;

    PollPass(BuildTools tools, PollMemory memory, BuildPorts ports) {
        this.tools = tools;
        this.memory = memory;
        this.ports = ports;
    }

    /**
     * Asks the git server for the revision.
     *
     * @return what to record: a run for the new commit; empty when nothing moved
     */
    Optional<ImageBuildStatus> source(ImageBuild build, ObservedBuild observed) throws InterruptedException {
        Source.Git git = Objects.requireNonNull(build.getSpec().source().git(), "only a git source is polled");
        return switch (tools.services().credentials().read(build)) {
            case CredentialResult.Unavailable unavailable ->
                failed(build, Kind.SOURCE, unavailable.diagnosis().message());
            case BuildCredentials usable -> {
                Resolution resolution =
                        tools.outbound(() -> tools.services().revisions().resolve(git, usable.git()));
                yield switch (resolution) {
                    case Resolution.Unresolved unresolved ->
                        failed(build, Kind.SOURCE, unresolved.diagnosis().message());
                    case Resolution.Resolved resolved -> compared(build, observed, resolved.commit());
                };
            }
        };
    }

    /**
     * Asks the registries for the tags of the base images.
     *
     * @return what to record: a run that takes in what moved; empty when nothing did
     */
    Optional<ImageBuildStatus> baseImages(ImageBuild build, ObservedBuild observed) throws InterruptedException {
        return switch (tools.services().credentials().read(build)) {
            case CredentialResult.Unavailable unavailable ->
                failed(build, Kind.BASE_IMAGES, unavailable.diagnosis().message());
            case BuildCredentials usable -> {
                Map<String, String> digests = new LinkedHashMap<>();
                String problem = "";
                for (String name : BaseImageReferences.names(observed.status())) {
                    ImageResolution resolution =
                            tools.outbound(() -> tools.services().publication().resolve(build, name, usable));
                    switch (resolution) {
                        case ImageResolution.Resolved resolved -> digests.put(name, resolved.digest());
                        case ImageResolution.Unresolved unresolved -> problem = unresolved.message();
                    }
                }
                yield compared(build, observed, digests, problem);
            }
        };
    }

    private Optional<ImageBuildStatus> compared(ImageBuild build, ObservedBuild observed, String commit) {
        Run run = observed.status().run();
        if (run != null && commit.equals(run.commit())) {
            return answered(build, Kind.SOURCE, Optional.empty());
        }
        return answered(build, Kind.SOURCE, Optional.of(tools.outcomes().sourceMoved(observed.at(now()), commit)));
    }

    private Optional<ImageBuildStatus> compared(
            ImageBuild build, ObservedBuild observed, Map<String, String> digests, String problem) {
        List<String> moved = BaseImageReferences.moved(observed.status(), digests);
        if (!moved.isEmpty()) {
            return answered(
                    build, Kind.BASE_IMAGES, Optional.of(tools.outcomes().baseImagesMoved(observed.at(now()), moved)));
        }
        return problem.isEmpty()
                ? answered(build, Kind.BASE_IMAGES, Optional.empty())
                : failed(build, Kind.BASE_IMAGES, problem);
    }

    private Optional<ImageBuildStatus> answered(ImageBuild build, Kind kind, Optional<ImageBuildStatus> moved) {
        memory.answered(build, kind, now());
        ports.metrics().polled(kind.label(), moved.isPresent() ? "Moved" : "Unchanged");
        return moved;
    }

    private Optional<ImageBuildStatus> failed(ImageBuild build, Kind kind, String problem) {
        int failures = memory.failed(build, kind, now());
        ports.metrics().polled(kind.label(), "Failed");
        LOG.atWarn()
                .addKeyValue("namespace", build.getMetadata().getNamespace())
                .addKeyValue("name", build.getMetadata().getName())
                .addKeyValue("poll", kind.label())
                .addKeyValue("inARow", failures)
                .addKeyValue("cause", problem)
                .log("poll not answered; the next one comes after the interval");
        if (failures == LASTING) {
            ports.events()
                    .accept(
                            build,
                            List.of(Transitions.pollFailing(
                                    kind.field() + ": " + failures + " polls in a row failed: " + problem)));
        }
        return Optional.empty();
    }

    private Instant now() {
        return ports.clock().instant();
    }
}
