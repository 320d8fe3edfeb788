package build.kiln.operator.placement;

import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.operator.placement.NodeFit.Verdict;
import build.kiln.operator.preflight.ProfileKnowledge;
import build.kiln.operator.preflight.ProfileUse;
import build.kiln.operator.preflight.ProfileWish;
import build.kiln.operator.preflight.Symptom;
import build.kiln.operator.preflight.Unfit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Decides where a platform is built among the nodes that can run workers, and with which profile. A node that can run none of
 * the profiles that the build may have is as good as not there. Pure.
 */
public final class ProfilePlacement {
    /** Host names that a pod's affinity names; the scheduler compares each of them with each node. */
    static final int MOST_AVOIDED = 32;

    private static final String HOSTNAME_LABEL = "kubernetes.io/hostname";
    private static final int MOST_NODES_NAMED = 3;

    private final PlacementPolicy policy;

    public ProfilePlacement(PlacementPolicy policy) {
        this.policy = policy;
    }

    /**
     * Places one platform.
     *
     * @param request what its pod asks for
     * @param nodes all nodes of the cluster
     * @param wish the profiles that the pod may have
     * @param knowledge which profiles run where
     */
    public PlacementDecision place(
            PlacementRequest request, List<NodeView> nodes, ProfileWish wish, ProfileKnowledge knowledge) {
        Choice choice = new Choice(request, nodes, wish, knowledge);
        return switch (policy.place(request, nodes, choice::withoutProfile)) {
            case Placement placement -> choice.profile(placement);
            case PlacementDecision.Refused refused -> refused;
            case PlacementDecision.Unsupported unsupported -> unsupported;
        };
    }

    private record Choice(
            PlacementRequest request, List<NodeView> nodes, ProfileWish wish, ProfileKnowledge knowledge) {
        Optional<String> withoutProfile(NodeView node, boolean emulated) {
            List<Unfit> unfit = wish.profiles().stream()
                    .flatMap(profile -> knowledge.objection(node.name(), profile, emulated).stream())
                    .toList();
            return unfit.size() < wish.profiles().size()
                    ? Optional.empty()
                    : Optional.of("cannot run workers (" + unfit.getFirst().symptom() + ")");
        }

        PlacementDecision profile(Placement placement) {
            boolean emulated = placement.mode() == Mode.Emulated;
            List<Candidate> candidates = candidates(placement);
            for (Verdict verdict : List.of(Verdict.USABLE, Verdict.LATER)) {
                for (Profile profile : wish.profiles()) {
                    if (candidates.stream()
                            .anyMatch(node -> node.verdict() == verdict && isFit(node, profile, emulated))) {
                        return placement.with(use(profile, candidates, emulated));
                    }
                }
            }
            // Another node may come, as long as nothing objects to it already.
            return wish.profiles().stream()
                    .filter(profile -> candidates.isEmpty() || placement.nativeWait() != null)
                    .filter(profile -> knowledge.objectionEverywhere(profile).isEmpty())
                    .findFirst()
                    .<PlacementDecision>map(profile -> placement.with(use(profile, candidates, emulated)))
                    .orElseGet(() -> unsupported(candidates, emulated));
        }

        /** The nodes that would take the pod now or later, whatever can run on them. */
        private List<Candidate> candidates(Placement placement) {
            return nodes.stream()
                    .filter(node -> PlacementPolicy.isOf(placement.architectures(), node))
                    .map(node -> new Candidate(
                            node,
                            NodeFit.of(node, request, placement.tolerations()).verdict()))
                    .filter(node -> node.verdict() != Verdict.NEVER)
                    .toList();
        }

        private boolean isFit(Candidate node, Profile profile, boolean emulated) {
            return knowledge.objection(node.name(), profile, emulated).isEmpty();
        }

        private ProfileUse use(Profile profile, List<Candidate> candidates, boolean emulated) {
            List<Candidate> unfit = candidates.stream()
                    .filter(node -> !isFit(node, profile, emulated))
                    .toList();
            List<String> avoided = unfit.stream()
                    .flatMap(node -> Optional.ofNullable(node.view().labels().get(HOSTNAME_LABEL)).stream())
                    .sorted()
                    .limit(MOST_AVOIDED)
                    .toList();
            Optional<Problem> first =
                    profile == wish.first() ? Optional.empty() : problem(wish.first(), candidates, emulated);
            List<String> sentences = new ArrayList<>();
            first.map(Problem::text).ifPresent(sentences::add);
            if (!avoided.isEmpty()) {
                sentences.add(named(unfit)
                        + (unfit.size() == 1 ? " is avoided: " : " are avoided: ")
                        + objection(unfit.getFirst(), profile, emulated)
                                .map(Choice::text)
                                .orElse(""));
            }
            return new ProfileUse(
                    profile,
                    first.map(Problem::symptom).orElse(null),
                    sentences.isEmpty() ? null : String.join(" ", sentences),
                    avoided);
        }

        private PlacementDecision.Unsupported unsupported(List<Candidate> candidates, boolean emulated) {
            List<Problem> problems = wish.profiles().stream()
                    .flatMap(profile -> problem(profile, candidates, emulated).stream())
                    .toList();
            String text = problems.stream().map(Problem::text).collect(Collectors.joining(" "));
            Symptom first = problems.getFirst().symptom();
            return new PlacementDecision.Unsupported(first, text + wish.alternative(first));
        }

        /** What stands against a profile: on the nodes, or everywhere. */
        private Optional<Problem> problem(Profile profile, List<Candidate> candidates, boolean emulated) {
            List<Candidate> unfit = candidates.stream()
                    .filter(node -> !isFit(node, profile, emulated))
                    .toList();
            if (unfit.isEmpty()) {
                return knowledge
                        .objectionEverywhere(profile)
                        .map(everywhere -> new Problem(
                                everywhere.symptom(),
                                "Profile " + profile + " does not work here: " + text(everywhere)));
            }
            return objection(unfit.getFirst(), profile, emulated)
                    .map(one -> new Problem(
                            one.symptom(),
                            "Profile " + profile + " does not work on " + named(unfit) + ": " + text(one)));
        }

        private Optional<Unfit> objection(Candidate node, Profile profile, boolean emulated) {
            return knowledge.objection(node.name(), profile, emulated);
        }

        private static String text(Unfit unfit) {
            Symptom symptom = unfit.symptom();
            return symptom + " (" + unfit.how() + "): " + symptom.problem() + ". To mend it: " + symptom.remedy() + ".";
        }

        private static String named(List<Candidate> nodes) {
            int more = nodes.size() - MOST_NODES_NAMED;
            return (nodes.size() == 1 ? "node " : "nodes ")
                    + nodes.stream()
                            .map(Candidate::name)
                            .sorted()
                            .limit(MOST_NODES_NAMED)
                            .collect(Collectors.joining(", "))
                    + (more > 0 ? " and " + more + " more" : "");
        }
    }

    private record Candidate(NodeView view, Verdict verdict) {
        String name() {
            return view.name();
        }
    }

    private record Problem(Symptom symptom, String text) {}
}
