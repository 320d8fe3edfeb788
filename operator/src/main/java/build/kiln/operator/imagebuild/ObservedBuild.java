package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuild;
import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.operator.admission.AdmissionVerdict.Wait;
import build.kiln.operator.placement.NodeView;
import build.kiln.operator.status.BuildIdentity;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything a decision may depend on, read at one moment.
 *
 * @param identity namespace, name and generation of the object
 * @param annotations of the object
 * @param spec what is wanted
 * @param status what is recorded; {@link ImageBuildStatus#empty()} for a new object
 * @param pods all worker pods that the object owns
 * @param claims of cache volumes that name the object, also those that are another's
 * @param nodes all nodes of the cluster
 * @param preflight what workers in the namespace met on their nodes
 * @param polls when servers were asked last
 * @param waits why platforms may not start yet, by the names of their pods; of those whose turn was asked for just now
 * @param now the moment
 */
record ObservedBuild(
        BuildIdentity identity,
        Map<String, String> annotations,
        ImageBuildSpec spec,
        ImageBuildStatus status,
        List<WorkerPod> pods,
        List<CacheClaim> claims,
        List<NodeView> nodes,
        Preflight preflight,
        PollTimes polls,
        Map<String, Wait> waits,
        Instant now) {

    ObservedBuild {
        annotations = Map.copyOf(annotations);
        pods = List.copyOf(pods);
        claims = List.copyOf(claims);
        nodes = List.copyOf(nodes);
        waits = Map.copyOf(waits);
    }

    static ObservedBuild of(
            ImageBuild build,
            List<WorkerPod> pods,
            List<CacheClaim> claims,
            List<NodeView> nodes,
            Preflight preflight,
            PollTimes polls,
            Map<String, Wait> waits,
            Instant now) {
        Map<String, String> annotations = build.getMetadata().getAnnotations();
        ImageBuildStatus status = build.getStatus();
        return new ObservedBuild(
                BuildIdentity.of(build),
                annotations == null ? Map.of() : annotations,
                build.getSpec(),
                status == null ? ImageBuildStatus.empty() : status,
                pods,
                claims,
                nodes,
                preflight,
                polls,
                waits,
                now);
    }

    /** The same, after an act that took until then. */
    ObservedBuild at(Instant later) {
        return with(spec, status, preflight, later);
    }

    /** The same with the status that is about to be recorded. */
    ObservedBuild with(ImageBuildStatus next) {
        return with(spec, next, preflight, now);
    }

    /** The same as its run sees it: with the spec that the run builds. */
    ObservedBuild ofRun() {
        return with(RunSpec.of(spec, status.run()), status, preflight, now);
    }

    /** The same for a run that has no pods yet. */
    ObservedBuild ofNewRun() {
        return with(spec, status, preflight.ofNewRun(), now);
    }

    private ObservedBuild with(ImageBuildSpec ofSpec, ImageBuildStatus next, Preflight known, Instant at) {
        return new ObservedBuild(identity, annotations, ofSpec, next, pods, claims, nodes, known, polls, waits, at);
    }

    Optional<WorkerPod> pod(String platform, int run, int attempt) {
        return pods.stream()
                .filter(pod -> pod.run() == run
                        && pod.attempt() == attempt
                        && pod.platform().equals(platform))
                .findFirst();
    }
}
