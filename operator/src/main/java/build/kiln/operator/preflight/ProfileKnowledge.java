package build.kiln.operator.preflight;

import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which profiles run on which nodes, as far as nodes and experience tell. What a worker met on one node holds for all nodes
 * with the same software, until a later worker of that profile ran on one of them. Pure.
 */
public final class ProfileKnowledge {
    private final Map<String, NodeSoftware> nodes;
    private final List<Experience> refusals;

    private ProfileKnowledge(Map<String, NodeSoftware> nodes, List<Experience> refusals) {
        this.nodes = nodes;
        this.refusals = refusals;
    }

    /**
     * @param nodes all nodes of the cluster, by name
     * @param lasting experience that nothing refutes
     * @param others experience that later ones refute
     */
    public static ProfileKnowledge of(
            Map<String, NodeSoftware> nodes, List<Experience> lasting, List<Experience> others) {
        List<Experience> refusals = new ArrayList<>();
        lasting.stream().filter(one -> one.symptom() != null).forEach(refusals::add);
        List<Experience> successes = Stream.concat(lasting.stream(), others.stream())
                .filter(one -> one.symptom() == null)
                .toList();
        for (Experience one : others) {
            if (one.symptom() != null && successes.stream().noneMatch(other -> refutes(nodes, other, one))) {
                refusals.add(one);
            }
        }
        // The oldest is told of, whichever come after: what is told changes as seldom as possible.
        refusals.sort(Comparator.comparing(Experience::time).thenComparing(Experience::pod));
        return new ProfileKnowledge(Map.copyOf(nodes), List.copyOf(refusals));
    }

    /**
     * What stands against a worker on a node.
     *
     * @param node its name
     * @param profile of the worker
     * @param emulated whether it emulates its platform
     */
    public Optional<Unfit> objection(String node, Profile profile, boolean emulated) {
        return software(nodes, node)
                .objection(profile)
                .or(() -> refusals.stream()
                        .filter(refusal -> concerns(refusal, node, profile, emulated))
                        .findFirst()
                        .map(ProfileKnowledge::unfit));
    }

    /** What the node is to blame for, emulation included. */
    public Optional<Unfit> objectionOfNode(String node, Profile profile) {
        return software(nodes, node)
                .objection(profile)
                .or(() -> refusals.stream()
                        .filter(refusal -> symptom(refusal).concern() != Symptom.Concern.PODS)
                        .filter(refusal -> concerns(refusal, node, profile, true))
                        .findFirst()
                        .map(ProfileKnowledge::unfit));
    }

    /** What stands against a worker of the profile wherever it runs, also on nodes that are not there yet. */
    public Optional<Unfit> objectionEverywhere(Profile profile) {
        return refusals.stream()
                .filter(refusal -> symptom(refusal).concern() == Symptom.Concern.PODS && isAbout(refusal, profile))
                .findFirst()
                .map(ProfileKnowledge::unfit);
    }

    private boolean concerns(Experience refusal, String node, Profile profile, boolean emulated) {
        return switch (symptom(refusal).concern()) {
            case NODE -> isAbout(refusal, profile) && areAlike(nodes, refusal.node(), node);
            case EMULATION -> emulated && areAlike(nodes, refusal.node(), node);
            case PODS -> isAbout(refusal, profile);
            case INSTALLATION -> false;
        };
    }

    /** What Rootless cannot help, it meets too. */
    private static boolean isAbout(Experience refusal, Profile profile) {
        return refusal.profile() == profile || !symptom(refusal).rootlessMayHelp();
    }

    private static boolean refutes(Map<String, NodeSoftware> nodes, Experience success, Experience refusal) {
        return success.profile() == refusal.profile()
                && success.time().isAfter(refusal.time())
                && symptom(refusal).concern() != Symptom.Concern.EMULATION
                && (symptom(refusal).concern() == Symptom.Concern.PODS
                        || areAlike(nodes, success.node(), refusal.node()));
    }

    private static boolean areAlike(Map<String, NodeSoftware> nodes, String one, String other) {
        NodeSoftware software = software(nodes, one);
        return one.equals(other) || (!software.equals(NodeSoftware.UNKNOWN) && software.equals(software(nodes, other)));
    }

    private static NodeSoftware software(Map<String, NodeSoftware> nodes, String name) {
        return nodes.getOrDefault(name, NodeSoftware.UNKNOWN);
    }

    private static Unfit unfit(Experience refusal) {
        return new Unfit(
                symptom(refusal),
                (refusal.pod().isEmpty() ? "a worker" : "pod " + refusal.pod()) + " could not run on node "
                        + refusal.node());
    }

    private static Symptom symptom(Experience refusal) {
        Symptom symptom = refusal.symptom();
        if (symptom == null) {
            throw new IllegalArgumentException("not a refusal: " + refusal);
        }
        return symptom;
    }
}
