package build.kiln.operator.worker;

import build.kiln.api.v1alpha1.ImageBuildSpec;
import build.kiln.api.v1alpha1.PlacementSettings;
import build.kiln.api.v1alpha1.PlacementSettings.Acceleration;
import build.kiln.api.v1alpha1.PlacementSettings.OfPlatform;
import build.kiln.api.v1alpha1.PlatformStatus.Mode;
import build.kiln.operator.config.OperatorConfiguration;
import build.kiln.operator.config.OperatorConfiguration.Twins;
import build.kiln.operator.placement.PlacementRequest;
import java.util.List;
import java.util.Optional;

/** Which images of native programs a worker pod gets. Nothing is pulled for native platforms, when acceleration is off, or
 * for a pod that builds several platforms: it is for Dockerfiles that cross-compile. */
final class TwinImages {
    private TwinImages() {}

    /** References, in the order of the configuration. */
    static List<String> of(
            OperatorConfiguration.Worker configuration, ImageBuildSpec spec, WorkerAssignment assignment) {
        if (assignment.placement().mode() != Mode.Emulated
                || !assignment.others().isEmpty()
                || acceleration(configuration, spec, assignment.platform()) == Acceleration.Off) {
            return List.of();
        }
        return configuration.twins().stream()
                .filter(twins -> isOf(twins, assignment.platform()))
                .map(Twins::image)
                .toList();
    }

    private static Acceleration acceleration(
            OperatorConfiguration.Worker configuration, ImageBuildSpec spec, String platform) {
        return PlacementRequest.ofPlatform(spec, platform)
                .map(OfPlatform::acceleration)
                .or(() -> Optional.ofNullable(spec.placement()).map(PlacementSettings::acceleration))
                .orElseGet(configuration::acceleration);
    }

    /** Programs of all variants are told apart by their build ids. */
    private static boolean isOf(Twins twins, String platform) {
        return platform.equals(twins.platform()) || platform.startsWith(twins.platform() + "/");
    }
}
