package build.kiln.operator.placement;

import build.kiln.api.v1alpha1.ImageBuildSpec;
import java.util.List;

/** The platforms that a spec asks for. */
public final class RequestedPlatforms {
    private static final List<String> DEFAULT = List.of("linux/amd64", "linux/arm64");

    private RequestedPlatforms() {}

    /** In the order in which the index lists them. */
    public static List<String> of(ImageBuildSpec spec) {
        return spec.platforms() == null || spec.platforms().isEmpty() ? DEFAULT : spec.platforms();
    }

    /** The architecture in a platform as docker writes it, whatever its variant is. */
    public static String architecture(String platform) {
        String[] parts = platform.split("/", -1);
        return parts.length > 1 ? parts[1] : platform;
    }
}
