package build.kiln.operator.preflight;

import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.api.v1alpha1.WorkerSettings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The profiles that the pods of a build may have.
 *
 * @param profiles best first; never empty
 * @param withheld level of Pod Security for want of which Rootless is not among them; null when nothing keeps it out
 */
public record ProfileWish(List<Profile> profiles, @Nullable String withheld) {
    private static final String ADMITTING = "privileged";

    public ProfileWish {
        profiles = List.copyOf(profiles);
    }

    /**
     * What a spec or the configuration says.
     *
     * @param setting of the spec, or the default
     * @param podSecurity level that the namespace enforces; null for none
     */
    public static ProfileWish of(WorkerSettings.Profile setting, @Nullable String podSecurity) {
        return switch (setting) {
            case Baseline -> new ProfileWish(List.of(Profile.Baseline), null);
            case Rootless -> new ProfileWish(List.of(Profile.Rootless), null);
            // The API server takes a level that it does not know for the strictest.
            case Auto ->
                podSecurity == null || podSecurity.equals(ADMITTING)
                        ? new ProfileWish(List.of(Profile.Baseline, Profile.Rootless), null)
                        : new ProfileWish(List.of(Profile.Baseline), podSecurity);
        };
    }

    /** The one to take where it works. */
    public Profile first() {
        return profiles.getFirst();
    }

    /** A sentence about what else could be tried; empty when there is nothing. */
    public String alternative(Symptom symptom) {
        if (profiles.size() > 1 || first() != Profile.Baseline || !symptom.rootlessMayHelp()) {
            return "";
        }
        return withheld == null
                ? " Or write spec.worker.profile: Rootless, which needs a namespace at level privileged."
                : " Profile Rootless may work, and the namespace does not admit it: it enforces Pod Security "
                        + withheld + ". Its administrator can label it pod-security.kubernetes.io/enforce=privileged.";
    }
}
