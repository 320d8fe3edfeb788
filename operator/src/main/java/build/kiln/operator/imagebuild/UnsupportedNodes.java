package build.kiln.operator.imagebuild;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.operator.metrics.NodeMetrics.Unsupported;
import build.kiln.operator.placement.NodeView;
import build.kiln.operator.preflight.Experience;
import build.kiln.operator.preflight.NodeSoftware;
import build.kiln.operator.preflight.ProfileKnowledge;
import build.kiln.operator.worker.WorkerExperience;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Counts nodes that cannot run workers, for people who look after nodes: over all namespaces. Pure. */
final class UnsupportedNodes {
    private UnsupportedNodes() {}

    static Map<Unsupported, Long> count(
            List<NodeView> nodes, Collection<Pod> pods, Collection<ImageBuildStatus> builds, Instant now) {
        Map<String, NodeSoftware> software =
                nodes.stream().collect(Collectors.toMap(NodeView::name, NodeView::software, (a, _) -> a));
        Stream<Experience> recorded = builds.stream()
                .flatMap(status -> Preflight.refusals(status).stream())
                .flatMap(refusal -> Preflight.experience(refusal).stream());
        List<Experience> met = Stream.concat(
                        recorded, pods.stream().map(WorkerExperience::of).flatMap(Optional::stream))
                .filter(one -> Preflight.isFresh(one.time(), now))
                .toList();
        ProfileKnowledge knowledge = ProfileKnowledge.of(software, List.of(), met);
        Map<Unsupported, Long> counts = new HashMap<>();
        for (NodeView node : nodes) {
            for (Profile profile : Profile.values()) {
                knowledge
                        .objectionOfNode(node.name(), profile)
                        .ifPresent(unfit -> counts.merge(
                                new Unsupported(profile.name(), unfit.symptom().name()), 1L, Long::sum));
            }
        }
        return counts;
    }
}
