package build.kiln.operator.preflight;

import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What became of a worker on a node.
 *
 * @param pod its name; empty when only the record of it is left
 * @param node its name
 * @param profile of the pod
 * @param symptom why it could not run; null when it did
 * @param time when that was known
 */
public record Experience(
        String pod, String node, Profile profile, @Nullable Symptom symptom, Instant time) {}
