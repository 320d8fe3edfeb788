package build.kiln.operator.status;

import build.kiln.api.v1alpha1.ImageBuildStatus;
import build.kiln.api.v1alpha1.PlatformStatus;
import build.kiln.operator.preflight.Symptom;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What is told of platforms that could not be built with the first choice of their profile.
 *
 * @param reason of the first of them, in one word
 * @param text which, why, and what to do now
 */
record ProfileMessage(String reason, String text) {
    private static final int MOST_NAMED = 4;

    /** Empty when there are none. */
    static Optional<ProfileMessage> of(ImageBuildStatus status) {
        List<PlatformStatus> others = Objects.requireNonNullElse(status.platforms(), List.<PlatformStatus>of()).stream()
                .filter(platform -> platform.profileReason() != null)
                .toList();
        if (others.isEmpty()) {
            return Optional.empty();
        }
        PlatformStatus first = others.getFirst();
        String reason = Objects.requireNonNull(first.profileReason(), "profileReason");
        String more = others.size() > MOST_NAMED ? " and " + (others.size() - MOST_NAMED) + " more" : "";
        String which = others.stream()
                .limit(MOST_NAMED)
                .map(ProfileMessage::outcome)
                .collect(Collectors.joining(", ", "", more));
        return Optional.of(new ProfileMessage(
                reason, MessageText.bounded(which + ".\n" + MessageText.oneLine(why(first, reason)))));
    }

    private static String outcome(PlatformStatus platform) {
        return platform.platform()
                + (platform.state() == PlatformStatus.State.Failed || platform.profile() == null
                        ? " cannot be built"
                        : " is built with profile " + platform.profile());
    }

    /** Of many platforms only the word is left. */
    private static String why(PlatformStatus platform, String reason) {
        if (platform.profileMessage() != null) {
            return platform.profileMessage();
        }
        return Symptom.named(reason)
                .map(symptom -> reason + ": " + symptom.problem() + ". To mend it: " + symptom.remedy() + ".")
                .orElse(reason);
    }
}
