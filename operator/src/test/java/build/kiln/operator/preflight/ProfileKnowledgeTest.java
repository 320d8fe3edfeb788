package build.kiln.operator.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProfileKnowledgeTest {
    private static final NodeSoftware OLD = new NodeSoftware("v1.33.0", "containerd://2.0.0", "6.1", "Debian 12", true);
    private static final NodeSoftware NEW =
            new NodeSoftware("v1.36.3", "containerd://2.4.2", "6.18", "Debian 13", true);
    private static final Map<String, NodeSoftware> NODES = Map.of(
            "old-1", OLD, "old-2", OLD, "new", NEW, "silent-1", NodeSoftware.UNKNOWN, "silent-2", NodeSoftware.UNKNOWN);

    /** A worker of profile Baseline was refused on old-1. */
    @ParameterizedTest
    @CsvSource({
        "UserNamespacesUnsupported, Baseline, false, old-1 old-2",
        "UserNamespacesUnsupported, Rootless, false, ''",
        "AppArmorRestricted,        Baseline, true,  old-1 old-2",
        // What Rootless cannot help, it would meet too.
        "UserNamespacesDisabled,    Baseline, false, old-1 old-2",
        "UserNamespacesDisabled,    Rootless, false, old-1 old-2",
        // Something changes the pods of the namespace.
        "ProcMasked,                Baseline, false, new old-1 old-2 silent-1 silent-2",
        "PodChanged,                Baseline, true,  new old-1 old-2 silent-1 silent-2",
        "PodChanged,                Rootless, true,  ''",
        "EmulationUnavailable,      Baseline, true,  old-1 old-2",
        "EmulationUnavailable,      Rootless, true,  old-1 old-2",
        "EmulationUnavailable,      Baseline, false, ''",
        "ImageIncomplete,           Baseline, true,  ''",
    })
    void aRefusalHoldsForNodesThatAreAlike(Symptom symptom, Profile profile, boolean emulated, String unfit) {
        assertThat(unfit(knowledge(refusal(symptom, "old-1", 0)), profile, emulated))
                .isEqualTo(unfit);
    }

    @Test
    void nodesThatReportNothingAreNotAlike() {
        assertThat(unfit(knowledge(refusal(Symptom.NamespaceFailed, "silent-1", 0)), Profile.Baseline, false))
                .isEqualTo("silent-1");
    }

    @Test
    void whatIsSaidNamesThePodOrTheNode() {
        ProfileKnowledge pod = knowledge(refusal(Symptom.NamespaceFailed, "old-1", 0));
        ProfileKnowledge record =
                knowledge(new Experience("", "old-1", Profile.Baseline, Symptom.NamespaceFailed, Instant.EPOCH));

        assertThat(pod.objection("old-2", Profile.Baseline, false).orElseThrow().how())
                .isEqualTo("pod on-old-1 could not run on node old-1");
        assertThat(record.objection("old-2", Profile.Baseline, false)
                        .orElseThrow()
                        .how())
                .isEqualTo("a worker could not run on node old-1");
    }

    @ParameterizedTest
    @CsvSource({
        "UserNamespacesUnsupported, old-2, Baseline, 1,  ''",
        "UserNamespacesUnsupported, old-2, Baseline, -1, old-1 old-2",
        "UserNamespacesUnsupported, old-2, Rootless, 1,  old-1 old-2",
        "UserNamespacesUnsupported, new,   Baseline, 1,  old-1 old-2",
        "ProcMasked,                new,   Baseline, 1,  ''",
        // That a native worker runs says nothing of emulation.
        "EmulationUnavailable,      old-2, Baseline, 1,  old-1 old-2",
    })
    void aLaterSuccessRefutesIt(Symptom symptom, String node, Profile profile, int later, String unfit) {
        Experience success = new Experience("ran", node, profile, null, Instant.EPOCH.plusSeconds(later));

        assertThat(unfit(knowledge(refusal(symptom, "old-1", 0), success), Profile.Baseline, true))
                .isEqualTo(unfit);
    }

    @Test
    void nothingRefutesWhatLasts() {
        ProfileKnowledge knowledge = ProfileKnowledge.of(
                NODES,
                List.of(refusal(Symptom.NamespaceFailed, "old-1", 0)),
                List.of(new Experience("ran", "old-1", Profile.Baseline, null, Instant.EPOCH.plusSeconds(9))));

        assertThat(unfit(knowledge, Profile.Baseline, false)).isEqualTo("old-1 old-2");
    }

    @Test
    void onlyWhatChangesPodsObjectsEverywhere() {
        assertThat(knowledge(refusal(Symptom.ProcMasked, "old-1", 0)).objectionEverywhere(Profile.Baseline))
                .isPresent();
        assertThat(knowledge(refusal(Symptom.ProcMasked, "old-1", 0)).objectionEverywhere(Profile.Rootless))
                .isEmpty();
        assertThat(knowledge(refusal(Symptom.TooFewIDs, "old-1", 0)).objectionEverywhere(Profile.Baseline))
                .isEmpty();
    }

    private static ProfileKnowledge knowledge(Experience... experiences) {
        return ProfileKnowledge.of(NODES, List.of(), Arrays.asList(experiences));
    }

    private static Experience refusal(@Nullable Symptom symptom, String node, int seconds) {
        return new Experience("on-" + node, node, Profile.Baseline, symptom, Instant.EPOCH.plusSeconds(seconds));
    }

    private static String unfit(ProfileKnowledge knowledge, Profile profile, boolean emulated) {
        return NODES.keySet().stream()
                .filter(node -> knowledge.objection(node, profile, emulated).isPresent())
                .sorted()
                .collect(Collectors.joining(" "));
    }
}
