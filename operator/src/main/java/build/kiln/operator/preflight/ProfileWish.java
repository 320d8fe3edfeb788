package build.kiln.operator.preflight;

import build.kiln.api.v1alpha1.PlatformStatus.Profile;
import build.kiln.api.v1alpha1.WorkerSettings;
import java.util.List;

/**
 * The profiles that the pods of a build may have.
 *
 * @param profiles best first; never empty
 */
public record ProfileWish(List<Profile> profiles) {
    public ProfileWish {
        profiles = List.copyOf(profiles);
    }

    /** What a spec or the configuration says. */
    public static ProfileWish of(WorkerSettings.Profile setting) {
        return switch (setting) {
            case Baseline -> new ProfileWish(List.of(Profile.Baseline));
            case Rootless -> new ProfileWish(List.of(Profile.Rootless));
        };
    }

    /** The one to take where it works. */
    public Profile first() {
        return profiles.getFirst();
    }

    /** A sentence about what else could be tried; empty when there is nothing. */
    public String alternative(Symptom symptom) {
        boolean rootless = first() == Profile.Baseline && symptom.rootlessMayHelp();
        return rootless ? " Or write spec.worker.profile: Rootless, which needs a namespace at level privileged." : "";
    }
}
