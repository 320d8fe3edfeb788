package build.kiln.operator.preflight;

import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a pod is confined, and which nodes it keeps away from.
 *
 * @param profile of the pod
 * @param unfit why it is not the first choice; null when it is
 * @param message why, and which nodes are avoided, for people; null when there is nothing to explain
 * @param avoidedHosts values of {@code kubernetes.io/hostname} of nodes that cannot run it
 */
public record ProfileUse(
        Profile profile, @Nullable Symptom unfit, @Nullable String message, List<String> avoidedHosts) {
    public ProfileUse {
        avoidedHosts = List.copyOf(avoidedHosts);
    }

    /** The first choice, on any node. */
    public static ProfileUse of(Profile profile) {
        return new ProfileUse(profile, null, null, List.of());
    }
}
